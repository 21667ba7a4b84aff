import type { Consumer as KafkaConsumer } from 'kafkajs';
import { describeError, withDeadline } from '@prodsentinel/kernel';
import type { AssignedPartition } from './assigned-partition.ts';
import type { ConsumerMetrics } from './consumer-metrics.ts';
import { kafkaTypeOf } from './errors.ts';
import { clusterName, type KafkaConnection } from './kafka-client.ts';

export interface OffsetCommitsOptions {
  readonly connection: KafkaConnection;
  readonly kafka: KafkaConsumer;
  readonly metrics: ConsumerMetrics;
  readonly partitions: () => readonly AssignedPartition[];
}

/** Commits the low-water marks that moved, one commit at a time; what moves meanwhile travels with the next. */
export class OffsetCommits {
  readonly #options: OffsetCommitsOptions;
  #commits: Promise<void> = Promise.resolve();

  constructor(options: OffsetCommitsOptions) {
    this.#options = options;
  }

  soon(): void {
    this.#commits = this.#commits.then(() => this.#commit());
  }

  /** What is finished stays finished for whoever is given the partition next; without it, it is only read twice. */
  async before(what: string, deadlineMs: number): Promise<void> {
    this.soon();
    try {
      await withDeadline(`the commit before ${what}`, deadlineMs, this.#commits);
    } catch (error) {
      this.#options.connection.logger.warn({ event: 'commit_failed' }, describeError(error));
    }
  }

  async #commit(): Promise<void> {
    const { connection, kafka, metrics, partitions } = this.#options;
    const moved = partitions().flatMap((owner) => {
      const { lowWater } = owner.tracker;
      return lowWater === undefined || lowWater === owner.committed ? [] : [{ owner, lowWater }];
    });
    if (moved.length === 0) return;
    const offsets = moved.map(({ owner: { topic, partition }, lowWater }) => ({
      topic: clusterName(connection, topic),
      partition,
      offset: String(lowWater),
    }));
    try {
      await kafka.commitOffsets(offsets);
      metrics.committed('ok');
      for (const { owner, lowWater } of moved) owner.committed = lowWater;
    } catch (error) {
      metrics.committed(staleCommit.has(kafkaTypeOf(error)) ? 'refused' : 'failed');
      // Tried again with the next commit: an offset that is committed late is only read twice.
      connection.logger.warn({ event: 'commit_failed' }, describeError(error));
    }
  }
}

/** What a broker answers to a commit of a member that is no longer one. */
const staleCommit = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'REBALANCE_IN_PROGRESS']);
