import { randomUUID } from 'node:crypto';
import { emptyRecord, type FailureSignal } from '@prodsentinel/contracts';
import {
  createCodec,
  createConsumer,
  createProducer,
  RawProducer,
  setUp,
  type BatchHandler,
  type Codec,
  type Consumer,
  type ConsumerOptions,
  type KafkaConnection,
  type MessagingLogger,
  type Producer,
  type RecordHandler,
} from '../src/index.ts';

const silent: MessagingLogger = { debug() {}, info() {}, warn() {}, error() {} };

/** Topics, schemas and groups of this test alone, on the shared servers; everything it opened is closed by `close`. */
export class TestCluster {
  readonly prefix = `t-${randomUUID()}-`;
  readonly codec: Codec;
  readonly #closers: (() => Promise<void>)[] = [];
  readonly #signal = new AbortController().signal;

  constructor() {
    this.codec = createCodec(this.registryUrl, this.prefix);
  }

  get connection(): KafkaConnection {
    return {
      brokers: required('KAFKA_BROKERS').split(','),
      topicPrefix: this.prefix,
      clientId: 'test',
      logger: silent,
    };
  }

  get registryUrl(): string {
    return required('SCHEMA_REGISTRY_URL');
  }

  async setUp(partitions = 2, replicationFactor = 1): Promise<void> {
    const { connection, registryUrl } = this;
    await setUp({ connection, registryUrl, partitions, replicationFactor });
  }

  async producer(): Promise<Producer> {
    const producer = createProducer({ connection: this.connection, codec: this.codec, topics: ['failures'] });
    await producer.start(this.#signal);
    this.#closers.push(() => producer.stop());
    return producer;
  }

  async rawProducer(): Promise<RawProducer> {
    const producer = new RawProducer(this.connection);
    await producer.start(this.#signal);
    this.#closers.push(() => producer.stop());
    return producer;
  }

  async consume(
    handler: RecordHandler<'failures'> | BatchHandler<'failures'>,
    { groupId = randomUUID(), ...options }: Partial<ConsumerOptions<'failures'>> = {},
  ): Promise<Consumer> {
    const { connection, codec } = this;
    const consumer = createConsumer({
      connection,
      codec,
      groupId,
      topics: ['failures'],
      handler,
      ...options,
    });
    this.#closers.push(() => consumer.stop());
    await consumer.start(this.#signal);
    return consumer;
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).toReversed()) await close();
  }
}

export function failure(message: string, key = 'k') {
  const value: FailureSignal = { ...emptyRecord('failures'), message, severityNumber: 17 };
  return { topic: 'failures' as const, key, value };
}

/** Collects what happens and lets a test wait for a fact instead of a time. */
export class Journal<T> {
  readonly entries: T[] = [];
  #waiting: { isDone: () => boolean; resolve: () => void }[] = [];

  add(...entries: T[]): void {
    this.entries.push(...entries);
    for (const waiter of this.#waiting.filter(({ isDone }) => isDone())) waiter.resolve();
    this.#waiting = this.#waiting.filter(({ isDone }) => !isDone());
  }

  until(condition: (entries: readonly T[]) => boolean): Promise<void> {
    if (condition(this.entries)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ isDone: () => condition(this.entries), resolve }));
  }
}

function required(name: string): string {
  const value = process.env[name];
  if (!value)
    throw new Error(`${name} is not set: integration tests run with the stack of jest's global set-up`);
  return value;
}
