import type { AssignedPartition } from './assigned-partition.ts';
import type { Backlog } from './backlog.ts';
import type { WorkContext } from './work.ts';
import type { Worker } from './worker.ts';

/**
 * Several workers beside each other, each with partitions of its own: while one waits, another works. A partition keeps
 * its lane, and with it its order.
 */
export class LanesWorker implements Worker {
  readonly #lanes: readonly Worker[];
  /** By partition, in the order in which they came: members are often given every second one, or every third. */
  readonly #laneOfPartition = new Map<string, number>();
  /** Why each lane gets no further; undefined where it does. */
  readonly #troubles: (string | undefined)[];

  /** @param createLane makes the worker of one lane over a context of its own */
  constructor(count: number, context: WorkContext, createLane: (context: WorkContext) => Worker) {
    this.#troubles = Array.from({ length: count }, () => undefined);
    this.#lanes = this.#troubles.map((_, lane) =>
      createLane({
        ...context,
        // All is well when it is in every lane.
        onTrouble: (reason) => {
          this.#troubles[lane] = reason;
          context.onTrouble(reason ?? this.#troubles.find((each) => each !== undefined));
        },
      }),
    );
  }

  add(backlog: Backlog): void {
    if (backlog.size > 0) this.#laneOf(backlog.owner)?.add(backlog);
  }

  async drain(): Promise<void> {
    await Promise.all(this.#lanes.map((each) => each.drain()));
  }

  #laneOf({ topic, partition }: AssignedPartition): Worker | undefined {
    const name = `${topic}/${partition}`;
    const lane = this.#laneOfPartition.get(name) ?? this.#laneOfPartition.size % this.#lanes.length;
    this.#laneOfPartition.set(name, lane);
    return this.#lanes[lane];
  }
}
