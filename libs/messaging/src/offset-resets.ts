import type { AssignedPartition } from './assigned-partition.ts';
import type { Assignments } from './assignments.ts';
import type { ConsumerMetrics } from './consumer-metrics.ts';
import { ownName, type KafkaConnection } from './kafka-client.ts';
import { findOffsetResets, resetKindOf, type OffsetReset } from './offset-guard.ts';
import { installOutOfRangeGate, listenForOutOfRange, type OutOfRange } from './out-of-range-gate.ts';

export interface OffsetResetsOptions {
  readonly connection: KafkaConnection;
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly metrics: ConsumerMetrics;
  readonly assignments: () => Assignments;
}

/** Says aloud, once each, where reading could not go on: at the start, and while it runs. */
export class OffsetResets {
  readonly #options: OffsetResetsOptions;
  readonly #said = new Set<string>();
  #stopListening: () => void = () => undefined;

  constructor(options: OffsetResetsOptions) {
    this.#options = options;
    installOutOfRangeGate();
  }

  /** @throws AppError `unavailable` when the brokers do not answer */
  async lookAtCommitted(): Promise<void> {
    const { connection, groupId, topics } = this.#options;
    for (const reset of await findOffsetResets(connection, groupId, topics)) this.#say(reset);
  }

  /** Each join may bring another member id. */
  joined(memberId: string): void {
    this.#stopListening();
    this.#stopListening = listenForOutOfRange(memberId, (found) => this.#outOfRange(found));
  }

  stop(): void {
    this.#stopListening();
  }

  /**
   * The assignment that a fetched batch belongs to. kafkajs joins again by itself when a topic was deleted and made anew, and
   * reads from 0: without a new assignment the first records would be taken for those seen under their numbers before.
   */
  ownerOf(owner: AssignedPartition, batch: { first: number; high: number }): AssignedPartition {
    const { topic, partition, tracker } = owner;
    const { first, high } = batch;
    if (tracker.next === undefined || high >= tracker.next) return owner;
    this.#say({ topic, partition, kind: 'recreated', committed: tracker.next, low: first, high });
    return this.#options.assignments().renew(owner, first);
  }

  #outOfRange({ topic: nameInCluster, partition, asked, low, high }: OutOfRange): void {
    const topic = ownName(this.#options.connection, nameInCluster);
    const bounds = { committed: asked, low, high };
    const kind = resetKindOf(bounds) ?? 'reset';
    this.#say({ topic, partition, kind, ...bounds });
    const assignments = this.#options.assignments();
    const owner = assignments.get(topic, partition);
    if (!owner) return;
    // Beyond the end: the offsets to come mean other records than those that were seen under the same numbers.
    if (asked > high) assignments.renew(owner, low);
    else owner.tracker.skipTo(low);
  }

  #say(reset: OffsetReset): void {
    const { topic, partition, committed, low, high, kind } = reset;
    const name = `${topic}/${partition}@${committed}`;
    if (this.#said.has(name)) return;
    this.#said.add(name);
    const { connection, groupId, metrics } = this.#options;
    connection.logger.error(
      { event: 'offset_reset', groupId, ...reset },
      `${topic}/${partition}: the offset ${committed} is not within ${low} to ${high} (${kind}): reading from ${low}`,
    );
    metrics.offsetReset(topic, kind);
  }
}
