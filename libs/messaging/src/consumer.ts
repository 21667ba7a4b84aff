import type { Consumer as KafkaConsumer, EachBatchPayload } from 'kafkajs';
import { Registry } from 'prom-client';
import type { Topic } from '@prodsentinel/contracts';
import { AppError, describeError, untilAvailable } from '@prodsentinel/kernel';
import type { AssignedPartition } from './assigned-partition.ts';
import { Assignments } from './assignments.ts';
import { beginFetched, fetchedOffsetOf } from './backlog.ts';
import { createConsumerMetrics, type ConsumerMetrics } from './consumer-metrics.ts';
import { createWorker } from './create-worker.ts';
import { defaultConsumerLimits, type ConsumerLimits } from './consumer-limits.ts';
import type { ConsumerOptions } from './consumer-options.ts';
import { createCrashCare, type CrashCare } from './crash-care.ts';
import { drainWorker } from './drain.ts';
import { endWork } from './end-work.ts';
import { FetchControl } from './fetch-control.ts';
import { createGroupClient, leaveGroup, toAssignment } from './group-client.ts';
import { PartitionHalts } from './partition-halts.ts';
import { toStanding } from './partition-standing.ts';
import { untilAborted } from './until-aborted.ts';
import { HandlerGate } from './handler-gate.ts';
import { HandlerWatchdog } from './handler-watchdog.ts';
import { createProcessHaltStore } from './halt-store.ts';
import { clusterName, ownName } from './kafka-client.ts';
import { OffsetCommits } from './offset-commits.ts';
import { OffsetResets } from './offset-resets.ts';
import type { AssignmentListener, Consumer, Position } from './port.ts';
import { RawProducer } from './raw-producer.ts';
import { holdRejoin, installRebalanceGate } from './rebalance-gate.ts';
import { verifyTopics } from './topic-check.ts';
import { TopicWatch } from './topic-watch.ts';
import type { WorkContext } from './work.ts';
import type { Worker } from './worker.ts';

/** kafkajs retries a commit for as long as the brokers are away. */
const lastCommitDeadlineMs = 5_000;

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
  readonly #crashes: CrashCare | undefined;
  readonly #halts: PartitionHalts;
  readonly #fetching: FetchControl;
  readonly #watchdog: HandlerWatchdog;
  readonly #gate = new HandlerGate();
  readonly #giveUp = new AbortController();
  #fail: (error: AppError) => void;
  #commitTimer: NodeJS.Timeout | undefined;
  readonly #commits: OffsetCommits;
  readonly #resets: OffsetResets;
  readonly #topicWatch: TopicWatch;
  readonly #metrics: ConsumerMetrics;
  #isRunning = false;
  #drained: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: ConsumerOptions<T>) {
    this.#options = options;
    this.#limits = { ...defaultConsumerLimits, ...options.limits };
    const { promise, reject } = Promise.withResolvers<never>();
    this.failed = promise;
    this.#fail = reject;
    // Whoever runs the service awaits it; a consumer that is only used in part must not crash the process by itself.
    promise.catch(() => undefined);
    this.#deadLetters = new RawProducer(options.connection);
    this.#metrics = createConsumerMetrics(options.connection.metrics ?? new Registry(), options.groupId, {
      standings: () => this.#assignments.all.map((each) => toStanding(each, Date.now())),
      hanging: () => this.#watchdog.hangingCount,
    });
    this.#watchdog = new HandlerWatchdog({
      groupId: options.groupId,
      limitMs: this.#limits.handlerHangsMs,
      logger: options.connection.logger,
      now: () => performance.now(),
      onHanging: () => this.#metrics.handlerHangs(),
      onChange: (reason) => options.onHanging?.(reason),
    });
    this.#kafka = this.#createKafkaConsumer();
    this.#fetching = new FetchControl(this.#kafka, options.connection, this.#limits);
    this.#commits = new OffsetCommits({
      connection: options.connection,
      kafka: this.#kafka,
      metrics: this.#metrics,
      partitions: () => this.#assignments.all,
    });
    this.#resets = new OffsetResets({
      ...options,
      metrics: this.#metrics,
      assignments: () => this.#assignments,
    });
    this.#topicWatch = new TopicWatch({
      ...options,
      intervalMs: this.#limits.sessionTimeoutMs,
      onMissing: (error) => this.#fail(error),
    });
    this.#halts = this.#createHalts();
    const context = this.#createWorkContext();
    const worker = createWorker(context, options.handler, {
      watchdog: this.#watchdog,
      gate: this.#gate,
      isOurs: (each) => this.#assignments.isCurrent(each),
    });
    this.#crashes = createCrashCare(options, worker, context);
    this.#worker = this.#crashes?.worker ?? worker;
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
    await this.#crashes?.marks.start();
    await untilAvailable(() => this.#resets.lookAtCommitted(), { signal, onUnavailable });
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
    this.#commitTimer = setInterval(() => this.#commits.soon(), this.#limits.commitIntervalMs);
    this.#watchdog.start();
    this.#topicWatch.start();
    await Promise.race([joined, this.failed, untilAborted(signal)]);
    this.#options.onTrouble?.(undefined);
  }

  drain(): Promise<void> {
    return (this.#drained ??= this.#drain());
  }

  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  finishHeld(positions: readonly Position[]): void {
    const touched = new Set<AssignedPartition>();
    for (const { topic, partition, offset, epoch } of positions) {
      const owner = this.#assignments.get(topic, partition);
      if (!owner || owner.epoch !== epoch) {
        this.#metrics.staleRefused(1);
        continue;
      }
      owner.finishHeld(offset);
      this.#crashes?.worker.settled(owner, offset, false);
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
    const consumer = createGroupClient(connection, groupId, this.#limits, () => !this.#drained);
    consumer.on(consumer.events.GROUP_JOIN, ({ payload: { memberId, memberAssignment: assignment } }) => {
      connection.logger.info({ event: 'group_joined', groupId, assignment }, 'joined');
      this.#assignments.joined(memberId, toAssignment(connection, assignment));
      this.#resets.joined(memberId);
      this.#fetching.joined(memberId);
      this.#halts.report();
      for (const owner of this.#assignments.all) {
        void this.#halts.check(owner);
        void this.#crashes?.marks.keep(owner);
      }
      this.#gate.open();
    });
    installRebalanceGate();
    consumer.on(consumer.events.REBALANCING, ({ payload }) => {
      this.#metrics.rebalanced();
      const handBack = (limitMs: number) => this.#handBack('a rejoin', limitMs);
      holdRejoin(payload.memberId, endWork(this.#gate, handBack, { ...this.#limits, ...connection }));
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => this.#crashed(payload));
    return consumer;
  }

  #createHalts(): PartitionHalts {
    const { connection, groupId, haltStore = createProcessHaltStore(), onHalted } = this.#options;
    return new PartitionHalts({
      store: haltStore,
      group: clusterName(connection, groupId),
      logger: connection.logger,
      assignments: () => this.#assignments,
      pauseFetching: (owner) => this.#fetching.pause([owner]),
      resumeFetching: (owner, offset) => this.#fetching.resume(owner, offset),
      // Its assignment ends in order: no crash is to be suspected of what it was at.
      onHalting: (owner) => void this.#crashes?.marks.release([owner], lastCommitDeadlineMs),
      onHalted: (reason) => onHalted?.(reason),
    });
  }

  #createWorkContext(): WorkContext {
    const { groupId, codec, handler, connection, onTrouble, onDeadLetter } = this.#options;
    return {
      groupId,
      codec,
      deadLetters: this.#deadLetters,
      logger: connection.logger,
      signal: this.#giveUp.signal,
      now: Date.now,
      redriveKey: this.#options.redriveKey,
      onTrouble: (reason) => onTrouble?.(reason),
      onSettled: ({ owner, offset }, isHeld) => {
        this.#resumeWhenLow(owner);
        // A handler of records may go on with one that it holds; one of batches holds thousands that only wait.
        this.#crashes?.worker.settled(owner, offset, isHeld && handler.mode === 'record');
      },
      onDeadLetter: (topic, code) => {
        this.#metrics.deadLetter(topic, code);
        onDeadLetter?.(topic, code);
      },
      limits: this.#limits,
      halt: (owner, reason) => this.#halts.halt(owner, reason),
      onRetry: (topic, records) => this.#metrics.retried(topic, records),
      fail: (error) => this.#fail(error),
    };
  }

  #listen(listener: AssignmentListener | undefined): AssignmentListener {
    return {
      assigned: (topic, partition, epoch) => {
        // A pause survives in kafkajs when a partition is lost and given back: begin with a clean slate.
        if (this.#isRunning) this.#fetching.resume({ topic, partition });
        listener?.assigned?.(topic, partition, epoch);
      },
      lost: (topic, partition, epoch) => listener?.lost?.(topic, partition, epoch),
    };
  }

  async #handOver({ batch, ...of }: EachBatchPayload): Promise<void> {
    const topic = ownName(this.#options.connection, batch.topic);
    const assigned = this.#assignments.get(topic, batch.partition);
    // Where a seek is waiting, reading goes on elsewhere: what was begun here would make that seem to be seen.
    if (!assigned || this.#drained || of.isStale()) return;
    const bounds = { first: fetchedOffsetOf(batch), high: Number(batch.highWatermark) };
    const owner = this.#resets.ownerOf(assigned, bounds);
    await this.#halts.check(owner);
    await this.#crashes?.marks.before(owner, Number(batch.lastOffset()) + 1, bounds.high);
    if (owner.isLost || this.#drained) return;
    if (owner.haltReason !== undefined) {
      owner.resumeAt ??= bounds.first;
      return;
    }
    owner.highWatermark = bounds.high;
    this.#worker.add(beginFetched(owner, batch));
    this.#fetching.pauseWhenHigh(owner);
  }

  /** What is finished is committed, and whoever gets the partitions knows that this process lived. */
  async #handBack(why: string, deadlineMs: number): Promise<void> {
    await Promise.all([
      this.#commits.before(why, deadlineMs),
      this.#crashes?.marks.release(this.#assignments.all, deadlineMs),
    ]);
  }

  #resumeWhenLow(owner: AssignedPartition): void {
    if (!this.#drained) this.#fetching.resumeWhenLow(owner);
  }

  #crashed({ error, restart }: { error: Error; restart: boolean }): void {
    this.#metrics.crashed();
    this.#options.connection.logger.warn({ event: 'consumer_crashed', restart }, describeError(error));
    if (restart || this.#drained) return;
    this.#fail(new AppError('bug', `kafkajs stopped for good: ${describeError(error)}`, { cause: error }));
  }

  async #drain(): Promise<void> {
    this.#gate.open();
    const partitions = this.#assignments.all;
    if (this.#isRunning) this.#fetching.pause(partitions);
    const isComplete = await drainWorker({
      worker: this.#worker,
      partitions,
      limitMs: this.#limits.drainMs,
      metrics: this.#metrics,
      logger: this.#options.connection.logger,
    });
    if (!isComplete) this.#giveUp.abort();
  }

  async #stop(): Promise<void> {
    const watched = this.#topicWatch.stop();
    await this.drain();
    clearInterval(this.#commitTimer);
    this.#watchdog.stop();
    if (this.#isRunning) await this.#handBack('leaving', lastCommitDeadlineMs);
    this.#giveUp.abort();
    this.#assignments.loseAll();
    await leaveGroup(this.#kafka, this.#options.connection.logger);
    for (const each of [this.#resets, this.#fetching]) each.stop();
    await watched;
    await this.#halts.stop();
    await this.#deadLetters.stop();
    this.#metrics.close();
  }
}
