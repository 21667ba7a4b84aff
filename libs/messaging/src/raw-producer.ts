import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Message, TopicMessages } from 'kafkajs';
import {
  AppError,
  backoffMs,
  delay,
  describeError,
  untilAvailable,
  withDeadline,
} from '@prodsentinel/kernel';
import { CheckedProducer } from './checked-producer.ts';
import { fromKafkaError, kafkaTypeOf } from './errors.ts';
import { clusterName, createKafkaClient, type KafkaConnection } from './kafka-client.ts';
import { IdleCheck } from './idle-check.ts';

export type HeaderValue = Buffer | string | (Buffer | string)[] | undefined;

export interface RawMessage {
  readonly topic: string;
  readonly partition?: number;
  readonly key: Buffer | string | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, HeaderValue>>;
}

export interface ProducerLimits {
  /** Records waiting to be sent; beyond it a send is refused. Default 20,000. */
  readonly maxQueuedRecords?: number;
  /** Bytes waiting to be sent; beyond it a send is refused. Default 64 MiB. */
  readonly maxQueuedBytes?: number;
  /** Milliseconds from the start of a request to Kafka until its outcome counts as unknown, and for connecting. Default 10,000. */
  readonly sendDeadlineMs?: number;
  /** Milliseconds between questions whether Kafka is there, while nothing is sent. Default 0: it is not asked. */
  readonly idleCheckMs?: number;
}

interface Request {
  readonly messages: readonly RawMessage[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: AppError) => void;
}

/**
 * Half as many records were 0.73 of the speed: with one request outstanding, the time between two is lost. All records of one
 * partition travel as one batch, which must stay below the topic's `max.message.bytes`.
 */
const maxRecordsPerSend = 500;
const maxBytesPerSend = 900_000;
const disconnectDeadlineMs = 5_000;

/**
 * Bytes to Kafka, acknowledged by all in-sync replicas. What waits while a request is on its way travels together in the
 * next one.
 *
 * INVARIANT: at most one request is outstanding on an idempotent kafkajs producer, and a producer is thrown away after any
 * request that failed. Otherwise kafkajs re-uses sequence numbers and the broker drops acknowledged records as "already
 * there" (reproduced 20 times out of 20 with kafkajs 2.2.4).
 */
export class RawProducer {
  readonly #connection: KafkaConnection;
  readonly #limits: Required<ProducerLimits>;
  readonly #stopping = new AbortController();
  #queue: Request[] = [];
  #queuedRecords = 0;
  #queuedBytes = 0;
  #producer: CheckedProducer | undefined;
  #pump: Promise<void> | undefined;
  #reconnect: Promise<void> | undefined;
  #closing: Promise<unknown>[] = [];
  #idleCheck: IdleCheck | undefined;
  /** The first attempt to replace a producer whose brokers are known to be there; what is sent meanwhile waits for it. */
  #swap: Promise<boolean> | undefined;

  constructor(connection: KafkaConnection, limits: ProducerLimits = {}) {
    this.#connection = connection;
    this.#limits = {
      maxQueuedRecords: 20_000,
      maxQueuedBytes: 64 * 1024 * 1024,
      sendDeadlineMs: 10_000,
      idleCheckMs: 0,
      ...limits,
    };
  }

  get isReachable(): boolean {
    return this.#producer !== undefined || this.#swap !== undefined;
  }

  async start(signal: AbortSignal): Promise<void> {
    const { logger } = this.#connection;
    this.#producer = await untilAvailable(() => this.#connect(), {
      signal,
      onUnavailable: (error) => logger.warn({ event: 'waiting_for_kafka' }, error.message),
    });
    const everyMs = this.#limits.idleCheckMs;
    if (everyMs > 0) {
      this.#idleCheck = new IdleCheck(this.#connection, {
        everyMs,
        isIdle: () => this.#producer !== undefined && this.#pump === undefined,
        onGone: (error) => this.#replace(this.#producer!, error),
      });
    }
  }

  sendRaw(messages: readonly RawMessage[]): Promise<void> {
    if (messages.length === 0) return Promise.resolve();
    if (this.#stopping.signal.aborted)
      return Promise.reject(new AppError('unavailable', 'the producer is stopped'));
    if (!this.isReachable)
      return Promise.reject(new AppError('unavailable', 'Kafka does not answer; nothing was sent'));
    let bytes = 0;
    for (const message of messages) bytes += sizeOf(message);
    const { maxQueuedRecords, maxQueuedBytes } = this.#limits;
    const isFull =
      this.#queuedRecords + messages.length > maxQueuedRecords || this.#queuedBytes + bytes > maxQueuedBytes;
    if (isFull && this.#queue.length > 0) {
      return Promise.reject(new AppError('unavailable', 'the send queue is full; nothing was sent'));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ messages, bytes, resolve, reject });
      this.#queuedRecords += messages.length;
      this.#queuedBytes += bytes;
      this.#pump ??= this.#sendQueued();
    });
  }

  /** Sends what is queued, then disconnects. */
  async stop(): Promise<void> {
    await this.#pump;
    this.#stopping.abort();
    await this.#idleCheck?.stop();
    await this.#reconnect;
    if (this.#producer) this.#discard(this.#producer);
    this.#producer = undefined;
    await Promise.all(this.#closing);
  }

  async #sendQueued(): Promise<void> {
    while (this.#queue.length > 0) {
      // Whatever else arrives in this turn of the event loop travels along: with four senders a record costs a seventh less CPU.
      await nextTurn();
      if (!this.#producer) await this.#swap;
      const producer = this.#producer;
      const requests = this.#takeRequests();
      if (producer) await this.#sendTogether(producer, requests);
      else
        for (const each of requests)
          each.reject(new AppError('unavailable', 'Kafka went away; nothing was sent'));
    }
    // In the same turn as the last look at the queue: a request that comes later must find no pump and start one.
    this.#pump = undefined;
  }

  #takeRequests(): Request[] {
    let records = 0;
    let bytes = 0;
    const count = this.#queue.findIndex((request) => {
      records += request.messages.length;
      bytes += request.bytes;
      return records > maxRecordsPerSend || bytes > maxBytesPerSend;
    });
    const taken = this.#queue.splice(0, count === -1 ? this.#queue.length : Math.max(1, count));
    this.#queuedRecords -= taken.reduce((sum, request) => sum + request.messages.length, 0);
    this.#queuedBytes -= taken.reduce((sum, request) => sum + request.bytes, 0);
    return taken;
  }

  async #sendTogether(producer: CheckedProducer, requests: readonly Request[]): Promise<void> {
    try {
      for (const part of toParts(requests, this.#connection)) {
        await withDeadline('Kafka', this.#limits.sendDeadlineMs, producer.send(part));
      }
      for (const request of requests) request.resolve();
    } catch (error) {
      this.#replace(producer, error);
      await this.#settleFailed(requests, error);
    }
  }

  /**
   * A record that is too large would take its neighbours with it: then each request is tried by itself. What went to other
   * partitions may have been written already, and is written again.
   */
  async #settleFailed(requests: readonly Request[], error: unknown): Promise<void> {
    if (!tooLarge.has(kafkaTypeOf(error))) {
      const failure = new AppError('unknown_outcome', `Kafka did not acknowledge: ${describeError(error)}`, {
        cause: error,
      });
      for (const request of requests) request.reject(failure);
      return;
    }
    if (requests.length === 1) {
      requests[0]?.reject(new AppError('invalid_input', 'larger than the topic takes (max.message.bytes)'));
      return;
    }
    await this.#swap;
    for (const request of requests) {
      if (this.#producer) await this.#sendTogether(this.#producer, [request]);
      else request.reject(new AppError('unknown_outcome', 'Kafka went away in the middle of a batch'));
      await this.#swap;
    }
  }

  #replace(broken: CheckedProducer, error: unknown): void {
    const { logger } = this.#connection;
    logger.warn({ event: 'producer_replaced' }, `Kafka does not answer: ${describeError(error)}`);
    this.#producer = undefined;
    this.#discard(broken);
    const first = this.#tryToConnect();
    // The brokers have just answered, although with a refusal.
    if (tooLarge.has(kafkaTypeOf(error))) this.#swap = first.finally(() => (this.#swap = undefined));
    this.#reconnect = this.#connectAgain(first).finally(() => (this.#reconnect = undefined));
  }

  async #connectAgain(first: Promise<boolean>): Promise<void> {
    let isConnected = await first;
    for (let retry = 1; !isConnected && !this.#stopping.signal.aborted; retry++) {
      // Aborted means stopping: the loop's condition ends it.
      await delay(backoffMs(retry, { maxMs: 2_000 }), this.#stopping.signal).catch(() => undefined);
      if (!this.#stopping.signal.aborted) isConnected = await this.#tryToConnect();
    }
  }

  async #tryToConnect(): Promise<boolean> {
    try {
      this.#producer = await this.#connect();
      return true;
    } catch (error) {
      this.#connection.logger.warn({ event: 'waiting_for_kafka' }, describeError(error));
      return false;
    }
  }

  async #connect(): Promise<CheckedProducer> {
    const client = createKafkaClient(this.#connection, {
      retries: 3,
      initialRetryTime: 100,
      maxRetryTime: 1_000,
    });
    const producer = new CheckedProducer(client);
    try {
      await withDeadline('connecting', this.#limits.sendDeadlineMs, producer.connect());
      return producer;
    } catch (error) {
      this.#discard(producer);
      throw fromKafkaError(`Kafka at ${this.#connection.brokers.join(',')}`, error);
    }
  }

  #discard(producer: CheckedProducer): void {
    const closed = withDeadline(
      'disconnecting a producer',
      disconnectDeadlineMs,
      producer.disconnect(),
    ).catch((error: unknown) =>
      this.#connection.logger.debug({ event: 'disconnect_failed' }, describeError(error)),
    );
    this.#closing.push(closed);
    void closed.then(() => (this.#closing = this.#closing.filter((each) => each !== closed)));
  }
}

const tooLarge = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'MESSAGE_SIZE_TOO_LARGE']);

function sizeOf({ key, value }: RawMessage): number {
  return (key ? Buffer.byteLength(key) : 0) + (value?.length ?? 0) + 100;
}

/** Parts in order, each within the limits of one request to Kafka. Only a request that is larger by itself needs several. */
function toParts(requests: readonly Request[], connection: KafkaConnection): TopicMessages[][] {
  const [first] = requests;
  const isLarge =
    first !== undefined && (first.messages.length > maxRecordsPerSend || first.bytes > maxBytesPerSend);
  if (!isLarge) return [toTopicMessages(requests, connection)];
  const parts: RawMessage[][] = [];
  let bytes = 0;
  for (const message of first.messages) {
    const last = parts.at(-1);
    if (!last || last.length >= maxRecordsPerSend || bytes + sizeOf(message) > maxBytesPerSend) {
      parts.push([message]);
      bytes = 0;
    } else last.push(message);
    bytes += sizeOf(message);
  }
  return parts.map((messages) => toTopicMessages([{ messages }], connection));
}

/** kafkajs takes the messages as they are: nothing is copied for each. */
function toTopicMessages(
  requests: readonly { readonly messages: readonly RawMessage[] }[],
  connection: KafkaConnection,
): TopicMessages[] {
  const byTopic = new Map<string, Message[]>();
  for (const { messages } of requests) {
    for (const message of messages) {
      const list = byTopic.get(message.topic);
      if (list) list.push(message);
      else byTopic.set(message.topic, [message]);
    }
  }
  return [...byTopic].map(([topic, list]) => ({ topic: clusterName(connection, topic), messages: list }));
}
