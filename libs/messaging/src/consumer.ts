import type { Consumer as KafkaConsumer, EachBatchPayload, KafkaMessage } from 'kafkajs';
import type { Topic } from '@prodsentinel/contracts';
import { AppError, describeError, untilAvailable, withDeadline } from '@prodsentinel/kernel';
import type { AssignedPartition } from './assigned-partition.ts';
import { Assignments } from './assignments.ts';
import { BatchWorker } from './batch-worker.ts';
import type { Codec } from './codec.ts';
import type { RawRecord } from './dead-letters.ts';
import { clusterName, createKafkaClient, type KafkaConnection } from './kafka-client.ts';
import type { AssignmentListener, BatchHandler, Consumer, Position, RecordHandler } from './port.ts';
import { RawProducer } from './raw-producer.ts';
import { RecordWorker } from './record-worker.ts';
import { verifyTopics } from './topic-check.ts';
import type { WorkContext, WorkItem } from './work.ts';
import type { Worker } from './worker.ts';

export interface ConsumerLimits {
  /** Records of one partition given out and neither finished nor held, at which fetching pauses. Default 4,000. */
  readonly maxActiveRecords: number;
  /** Their bytes, at which fetching pauses. Default 32 MiB. */
  readonly maxActiveBytes: number;
  /** Open offsets of one partition, held ones included, at which fetching pauses. Default 100,000. */
  readonly maxOpenRecords: number;
  /** Milliseconds between commits. Default 500. */
  readonly commitIntervalMs: number;
  /** Milliseconds without a heartbeat after which the group gives our partitions away. Default 15,000. */
  readonly sessionTimeoutMs: number;
  /** Milliseconds between heartbeats; bounds how long a rebalance takes. Default 1,000. */
  readonly heartbeatIntervalMs: number;
  /** Milliseconds that handlers at work get when draining. Default 20,000. */
  readonly drainMs: number;
}

const defaultLimits: ConsumerLimits = {
  maxActiveRecords: 4_000,
  maxActiveBytes: 32 * 1024 * 1024,
  maxOpenRecords: 100_000,
  commitIntervalMs: 500,
  sessionTimeoutMs: 15_000,
  heartbeatIntervalMs: 1_000,
  drainMs: 20_000,
};

/** Fetching resumes at this share of the limit that paused it. */
const resumeShare = 0.5;
const disconnectDeadlineMs = 5_000;

export interface ConsumerOptions<T extends Topic> {
  readonly connection: KafkaConnection;
  readonly groupId: string;
  readonly topics: readonly T[];
  readonly codec: Codec;
  readonly handler: RecordHandler<T> | BatchHandler<T>;
  readonly limits?: Partial<ConsumerLimits>;
  readonly assignmentListener?: AssignmentListener;
  /** Told when work waits for a dependency (the reason) and when it goes on (undefined). */
  readonly onTrouble?: (reason: string | undefined) => void;
  readonly onDeadLetter?: (topic: string, code: string) => void;
}

export function createConsumer<T extends Topic>(options: ConsumerOptions<T>): Consumer {
  return new GroupConsumer(options);
}

/** The kafkajs side of a consumer: it only hands over, so that heartbeats never depend on a handler. */
class GroupConsumer<T extends Topic> implements Consumer {
  readonly failed: Promise<never>;
  readonly #options: ConsumerOptions<T>;
  readonly #limits: ConsumerLimits;
  readonly #assignments: Assignments;
  readonly #deadLetters: RawProducer;
  readonly #kafka: KafkaConsumer;
  readonly #worker: Worker;
  readonly #giveUp = new AbortController();
  #fail: (error: AppError) => void;
  #commitTimer: NodeJS.Timeout | undefined;
  #commits: Promise<void> = Promise.resolve();
  #isRunning = false;
  #drained: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: ConsumerOptions<T>) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    const { promise, reject } = Promise.withResolvers<never>();
    this.failed = promise;
    this.#fail = reject;
    // Whoever runs the service awaits it; a consumer that is only used in part must not crash the process by itself.
    promise.catch(() => undefined);
    this.#deadLetters = new RawProducer(options.connection);
    this.#kafka = this.#createKafkaConsumer();
    this.#worker = this.#createWorker();
    this.#assignments = new Assignments(this.#listen(options.assignmentListener));
  }

  async start(signal: AbortSignal): Promise<void> {
    const { connection, topics, codec } = this.#options;
    const onUnavailable = (error: AppError) => {
      this.#options.onTrouble?.(error.message);
      connection.logger.warn({ event: 'waiting' }, error.message);
    };
    await untilAvailable(() => verifyTopics(connection, topics), { signal, onUnavailable });
    await untilAvailable(() => codec.prepare(topics), { signal, onUnavailable });
    await this.#deadLetters.start(signal);
    await this.#kafka.connect();
    await this.#kafka.subscribe({
      topics: topics.map((topic) => clusterName(connection, topic)),
      fromBeginning: true,
    });
    const joined = new Promise<void>((resolve) => {
      this.#kafka.on(this.#kafka.events.GROUP_JOIN, () => resolve());
    });
    this.#isRunning = true;
    await this.#kafka.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 1,
      eachBatch: (payload) => this.#handOver(payload),
    });
    this.#commitTimer = setInterval(() => this.#commitSoon(), this.#limits.commitIntervalMs);
    await Promise.race([joined, this.failed, aborted(signal)]);
    this.#options.onTrouble?.(undefined);
  }

  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  finishHeld(positions: readonly Position[]): void {
    const touched = new Set<AssignedPartition>();
    for (const { topic, partition, offset, epoch } of positions) {
      const owner = this.#assignments.get(topic, partition);
      if (!owner || owner.epoch !== epoch) continue;
      owner.finishHeld(offset);
      touched.add(owner);
    }
    for (const owner of touched) this.#resumeWhenLow(owner);
  }

  isPaused(topic: Topic, partition: number): boolean {
    return this.#assignments.get(topic, partition)?.isPaused ?? false;
  }

  get inFlight(): number {
    return this.#assignments.all.reduce((sum, each) => sum + each.tracker.openCount, 0);
  }

  #createKafkaConsumer(): KafkaConsumer {
    const { connection, groupId } = this.#options;
    const client = createKafkaClient(connection, {
      retries: 1_000,
      initialRetryTime: 200,
      maxRetryTime: 1_500,
    });
    const consumer = client.consumer({
      groupId: clusterName(connection, groupId),
      sessionTimeout: this.#limits.sessionTimeoutMs,
      heartbeatInterval: this.#limits.heartbeatIntervalMs,
      rebalanceTimeout: 60_000,
      maxBytesPerPartition: 1024 * 1024,
      maxWaitTimeInMs: 250,
      metadataMaxAge: 60_000,
      allowAutoTopicCreation: false,
      retry: { restartOnFailure: async () => !this.#drained },
    });
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      connection.logger.info(
        { event: 'group_joined', groupId, assignment: payload.memberAssignment },
        'joined',
      );
      this.#assignments.joined(payload.memberId, this.#withoutPrefix(payload.memberAssignment));
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => this.#crashed(payload));
    return consumer;
  }

  #createWorker(): Worker {
    const { groupId, codec, handler, connection, onTrouble, onDeadLetter } = this.#options;
    const context: WorkContext = {
      groupId,
      codec,
      deadLetters: this.#deadLetters,
      logger: connection.logger,
      signal: this.#giveUp.signal,
      now: Date.now,
      onTrouble: (reason) => onTrouble?.(reason),
      onSettled: (owner) => this.#resumeWhenLow(owner),
      onDeadLetter: (topic, code) => onDeadLetter?.(topic, code),
      fail: (error) => this.#fail(error),
    };
    return handler.mode === 'batch' ? new BatchWorker(context, handler) : new RecordWorker(context, handler);
  }

  #listen(listener: AssignmentListener | undefined): AssignmentListener {
    return {
      assigned: (topic, partition, epoch) => {
        // A pause survives in kafkajs when a partition is lost and given back: begin with a clean slate.
        if (this.#isRunning) this.#kafka.resume(this.#selector({ topic, partition }));
        listener?.assigned?.(topic, partition, epoch);
      },
      lost: (topic, partition, epoch) => listener?.lost?.(topic, partition, epoch),
    };
  }

  async #handOver({ batch }: EachBatchPayload): Promise<void> {
    const owner = this.#assignments.get(this.#ownName(batch.topic), batch.partition);
    if (!owner || this.#drained) return;
    const nowMs = Date.now();
    const items: WorkItem[] = [];
    for (const message of batch.messages) {
      const raw = toRawRecord(owner, message);
      if (owner.begin(raw))
        items.push({ raw, owner, firstSeenMs: nowMs, firstFailedAtMs: undefined, attempt: 1 });
    }
    this.#worker.add(items);
    this.#pauseWhenHigh(owner);
  }

  #pauseWhenHigh(owner: AssignedPartition): void {
    if (owner.isPaused || this.#loadOf(owner) < 1) return;
    owner.isPaused = true;
    this.#kafka.pause(this.#selector(owner));
  }

  #resumeWhenLow(owner: AssignedPartition): void {
    if (!owner.isPaused || owner.isLost || this.#drained || this.#loadOf(owner) > resumeShare) return;
    owner.isPaused = false;
    this.#kafka.resume(this.#selector(owner));
  }

  #selector({ topic, partition }: { topic: string; partition: number }) {
    return [{ topic: clusterName(this.#options.connection, topic), partitions: [partition] }];
  }

  #ownName(nameInCluster: string): string {
    return nameInCluster.slice(this.#options.connection.topicPrefix?.length ?? 0);
  }

  #withoutPrefix(assignment: Record<string, number[]>): Record<string, number[]> {
    return Object.fromEntries(Object.entries(assignment).map(([name, each]) => [this.#ownName(name), each]));
  }

  /** 1 and above: full. */
  #loadOf({ activeRecords, activeBytes, tracker }: AssignedPartition): number {
    const { maxActiveRecords, maxActiveBytes, maxOpenRecords } = this.#limits;
    return Math.max(
      activeRecords / maxActiveRecords,
      activeBytes / maxActiveBytes,
      tracker.openCount / maxOpenRecords,
    );
  }

  /** One commit at a time; what moved meanwhile travels with the next. */
  #commitSoon(): void {
    this.#commits = this.#commits.then(() => this.#commit());
  }

  async #commit(): Promise<void> {
    const moved = this.#assignments.all.flatMap((owner) => {
      const { lowWater } = owner.tracker;
      return lowWater === undefined || lowWater === owner.committed ? [] : [{ owner, lowWater }];
    });
    if (moved.length === 0) return;
    const offsets = moved.map(({ owner: { topic, partition }, lowWater }) => ({
      topic: clusterName(this.#options.connection, topic),
      partition,
      offset: String(lowWater),
    }));
    try {
      await this.#kafka.commitOffsets(offsets);
      for (const { owner, lowWater } of moved) owner.committed = lowWater;
    } catch (error) {
      // Tried again with the next commit: an offset that is committed late is only read twice.
      this.#options.connection.logger.warn({ event: 'commit_failed' }, describeError(error));
    }
  }

  #crashed({ error, restart }: { error: Error; restart: boolean }): void {
    const { logger } = this.#options.connection;
    logger.warn({ event: 'consumer_crashed', restart }, describeError(error));
    if (restart || this.#drained) return;
    this.#fail(new AppError('bug', `kafkajs stopped for good: ${describeError(error)}`, { cause: error }));
  }

  async #drain(): Promise<void> {
    const { logger } = this.#options.connection;
    const partitions = this.#assignments.all;
    if (this.#isRunning) {
      this.#kafka.pause(partitions.flatMap((each) => this.#selector(each)));
    }
    try {
      await withDeadline('draining', this.#limits.drainMs, this.#worker.drain());
    } catch (error) {
      const abandoned = partitions.filter(({ activeRecords }) => activeRecords > 0);
      const offsets = abandoned.map(
        ({ topic, partition, tracker }) => `${topic}/${partition}@${tracker.lowWater}`,
      );
      logger.error({ event: 'drain_abandoned', offsets }, describeError(error));
      this.#giveUp.abort();
    }
  }

  async #stop(): Promise<void> {
    await this.drain();
    clearInterval(this.#commitTimer);
    await this.#commits;
    if (this.#isRunning) await this.#commit();
    this.#giveUp.abort();
    this.#assignments.loseAll();
    const { logger } = this.#options.connection;
    try {
      await withDeadline('leaving the group', disconnectDeadlineMs, this.#kafka.disconnect());
    } catch (error) {
      logger.warn({ event: 'disconnect_failed' }, describeError(error));
    }
    await this.#deadLetters.stop();
  }
}

function toRawRecord(owner: AssignedPartition, message: KafkaMessage): RawRecord {
  return {
    topic: owner.topic as Topic,
    partition: owner.partition,
    offset: Number(message.offset),
    epoch: owner.epoch,
    timestampMs: Number(message.timestamp),
    key: message.key,
    value: message.value,
    headers: message.headers ?? {},
  };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () => reject(new AppError('aborted', 'asked to stop while joining the group'));
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}
