/** Why and since when a partition is halted. */
export interface Halt {
  readonly reason: string;
  readonly haltedAtMs: number;
}

/** Remembers, by group (its name in the cluster), which partitions (`TOPIC/PARTITION`) a human must look at. */
export interface HaltStore {
  /** @throws AppError `unavailable` */
  read(group: string): Promise<ReadonlyMap<string, Halt>>;
  /** @throws AppError `unavailable` */
  halt(group: string, partition: string, halt: Halt): Promise<void>;
  /**
   * False when it was not halted.
   *
   * @throws AppError `unavailable`
   */
  resume(group: string, partition: string): Promise<boolean>;
}

/** Remembers for as long as this process lives: a restart resumes. */
export function createProcessHaltStore(): HaltStore {
  const groups = new Map<string, Map<string, Halt>>();
  return {
    read: async (group) => new Map(groups.get(group)),
    async halt(group, partition, halt) {
      const halts = groups.get(group) ?? new Map<string, Halt>();
      groups.set(group, halts.set(partition, halt));
    },
    resume: async (group, partition) => groups.get(group)?.delete(partition) ?? false,
  };
}
