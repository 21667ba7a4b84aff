import type { Topic } from '@prodsentinel/contracts';
import { untilAvailable, type AppError } from '@prodsentinel/kernel';
import type { AssignedPartition } from './assigned-partition.ts';
import type { ConsumerOptions } from './consumer-options.ts';
import { createConsumerParts, lastCommitDeadlineMs, type ConsumerParts } from './consumer-parts.ts';
import { drainWorker } from './drain.ts';
import { leaveGroup } from './group-client.ts';
import { followGroup, handBack } from './group-events.ts';
import { clusterName } from './kafka-client.ts';
import type { Consumer, Position } from './port.ts';
import { takeIn } from './record-intake.ts';
import { verifyTopics } from './topic-check.ts';
import { untilAborted } from './until-aborted.ts';

export function createConsumer<T extends Topic>(options: ConsumerOptions<T>): Consumer {
  return new GroupConsumer(options);
}

/** A member of a group from its start to its end; what happens in between is in `group-events.ts` and `record-intake.ts`. */
class GroupConsumer<T extends Topic> implements Consumer {
  readonly #options: ConsumerOptions<T>;
  readonly #parts: ConsumerParts;
  #commitTimer: NodeJS.Timeout | undefined;
  #drained: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: ConsumerOptions<T>) {
    this.#options = options;
    this.#parts = createConsumerParts(options);
    followGroup(this.#parts);
  }

  get failed(): Promise<never> {
    return this.#parts.state.failed;
  }

  async start(signal: AbortSignal): Promise<void> {
    const { connection, topics, codec } = this.#options;
    const { deadLetters, crashes, resets } = this.#parts;
    const onUnavailable = (error: AppError) => {
      this.#options.onTrouble?.(error.message);
      connection.logger.warn({ event: 'waiting' }, error.message);
    };
    await untilAvailable(() => verifyTopics(connection, topics), { signal, onUnavailable });
    await untilAvailable(() => codec.prepare(topics), { signal, onUnavailable });
    await deadLetters.start(signal);
    await crashes?.marks.start();
    await untilAvailable(() => resets.lookAtCommitted(), { signal, onUnavailable });
    await this.#run(signal);
    this.#options.onTrouble?.(undefined);
  }

  drain(): Promise<void> {
    return (this.#drained ??= this.#drain());
  }

  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  finishHeld(positions: readonly Position[]): void {
    const { assignments, metrics, crashes, state, fetching } = this.#parts;
    const touched = new Set<AssignedPartition>();
    for (const { topic, partition, offset, epoch } of positions) {
      const owner = assignments.get(topic, partition);
      if (!owner || owner.epoch !== epoch) {
        metrics.staleRefused(1);
        continue;
      }
      owner.finishHeld(offset);
      crashes?.worker.settled(owner, offset, false);
      touched.add(owner);
    }
    if (!state.isDraining) for (const owner of touched) fetching.resumeWhenLow(owner);
  }

  isPaused(topic: Topic, partition: number): boolean {
    return this.#parts.assignments.get(topic, partition)?.isPaused ?? false;
  }

  get inFlight(): number {
    return this.#parts.assignments.all.reduce((sum, each) => sum + each.tracker.openCount, 0);
  }

  /** Joins the group; ends when this member has, or there is no use in waiting for it. */
  async #run(signal: AbortSignal): Promise<void> {
    const { connection, kafka, state, commits, limits, watchdog, topicWatch } = this.#parts;
    await kafka.connect();
    await kafka.subscribe({
      topics: this.#options.topics.map((topic) => clusterName(connection, topic)),
      fromBeginning: true,
    });
    const joined = new Promise<void>((resolve) => {
      kafka.on(kafka.events.GROUP_JOIN, () => resolve());
    });
    state.isRunning = true;
    await kafka.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 1,
      eachBatch: (payload) => takeIn(this.#parts, payload),
    });
    this.#commitTimer = setInterval(() => commits.soon(), limits.commitIntervalMs);
    watchdog.start();
    topicWatch.start();
    await Promise.race([joined, state.failed, untilAborted(signal)]);
  }

  async #drain(): Promise<void> {
    const { gate, assignments, state, fetching, worker, limits, metrics, connection } = this.#parts;
    state.isDraining = true;
    gate.open();
    const partitions = assignments.all;
    if (state.isRunning) fetching.pause(partitions);
    const isComplete = await drainWorker({
      worker,
      partitions,
      limitMs: limits.drainMs,
      metrics,
      logger: connection.logger,
    });
    if (!isComplete) state.giveUp.abort();
  }

  async #stop(): Promise<void> {
    const { topicWatch, watchdog, state, assignments, kafka, connection } = this.#parts;
    const { resets, fetching, halts, deadLetters, metrics } = this.#parts;
    const watched = topicWatch.stop();
    await this.drain();
    clearInterval(this.#commitTimer);
    watchdog.stop();
    if (state.isRunning) await handBack(this.#parts, 'leaving', lastCommitDeadlineMs);
    state.giveUp.abort();
    assignments.loseAll();
    await leaveGroup(kafka, connection.logger);
    for (const each of [resets, fetching]) each.stop();
    await watched;
    await halts.stop();
    await deadLetters.stop();
    metrics.close();
  }
}
