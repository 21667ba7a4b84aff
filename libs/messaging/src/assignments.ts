import { AssignedPartition } from './assigned-partition.ts';
import type { AssignmentListener, Position } from './port.ts';

/**
 * Which partitions this member holds, told by each group join.
 *
 * INVARIANT: a partition that was not held without a break has a new epoch. A member that comes back under another id was
 * evicted in between, and others may have gone on: it has lost everything, even what it is given back.
 */
export class Assignments {
  readonly #partitions = new Map<string, AssignedPartition>();
  readonly #listener: AssignmentListener;
  /** Of the partitions above. */
  readonly #epochs = new Set<number>();
  #memberId: string | undefined;
  #epoch = 0;

  constructor(listener: AssignmentListener = {}) {
    this.#listener = listener;
  }

  joined(memberId: string, assignment: Readonly<Record<string, readonly number[]>>): void {
    const held = new Set(
      Object.entries(assignment).flatMap(([topic, partitions]) =>
        partitions.map((each) => keyOf(topic, each)),
      ),
    );
    const wasEvicted = this.#memberId !== undefined && this.#memberId !== memberId;
    this.#memberId = memberId;
    for (const [key, partition] of this.#partitions) {
      if (wasEvicted || !held.has(key)) this.#lose(key, partition);
    }
    for (const [topic, partitions] of Object.entries(assignment)) {
      for (const partition of partitions) {
        if (!this.#partitions.has(keyOf(topic, partition))) this.#assign(topic, partition);
      }
    }
  }

  /** The current assignment of a partition; undefined when it is not ours. */
  get(topic: string, partition: number): AssignedPartition | undefined {
    return this.#partitions.get(keyOf(topic, partition));
  }

  /** Whether the assignment that a record was read under still lasts. */
  isCurrent({ epoch }: Position): boolean {
    return this.#epochs.has(epoch);
  }

  get all(): AssignedPartition[] {
    return [...this.#partitions.values()];
  }

  /**
   * Loses a partition and assigns it again: what was at work can move nothing, and it begins where it stood (what was
   * finished stays finished) or where it is told to.
   */
  renew(owner: AssignedPartition, lowWater = owner.tracker.lowWater): AssignedPartition {
    const { topic, partition } = owner;
    this.#lose(keyOf(topic, partition), owner);
    const fresh = this.#assign(topic, partition);
    if (lowWater !== undefined) fresh.tracker.skipTo(lowWater);
    fresh.committed = owner.committed;
    fresh.highWatermark = owner.highWatermark;
    fresh.resumeAt = lowWater;
    return fresh;
  }

  loseAll(): void {
    for (const [key, partition] of this.#partitions) this.#lose(key, partition);
  }

  #assign(topic: string, partition: number): AssignedPartition {
    const assigned = new AssignedPartition(topic, partition, ++this.#epoch);
    this.#partitions.set(keyOf(topic, partition), assigned);
    this.#epochs.add(assigned.epoch);
    this.#listener.assigned?.(topic, partition, assigned.epoch);
    return assigned;
  }

  #lose(key: string, partition: AssignedPartition): void {
    this.#partitions.delete(key);
    this.#epochs.delete(partition.epoch);
    partition.lose();
    this.#listener.lost?.(partition.topic, partition.partition, partition.epoch);
  }
}

function keyOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}
