/** How often the process ended while a record was at work alone, and since when. */
export interface Suspicion {
  readonly crashes: number;
  /** Milliseconds since 1970. */
  readonly firstAtMs: number;
}

/**
 * Says that a process is at work on a partition. It is removed on the way out: one that is found was left by a process that
 * ended without a word.
 */
export interface CrashMark {
  /** The process that made it. */
  readonly owner: string;
  /** Present: the handlers of everything below this offset had ended. */
  readonly from?: number;
  /** Nothing at or above this offset was begun. */
  readonly until: number;
  /** Present: records between `from` and it are tried one at a time, because a process ended while they were at work. */
  readonly carefulUntil?: number;
  /** Offsets at work alone now: one in a handler, and what its handler holds but may still go on with. */
  readonly trying?: readonly number[];
  /** Records at which the process ended before, by offset. */
  readonly suspects?: Readonly<Record<string, Suspicion>>;
}

/** Keeps, by group (its name in the cluster), the marks of partitions (`TOPIC/PARTITION`) where they outlive the process. */
export interface CrashStore {
  /** @throws AppError `unavailable` */
  read(group: string, partition: string): Promise<CrashMark | undefined>;
  /** @throws AppError `unavailable` */
  write(group: string, partition: string, mark: CrashMark): Promise<void>;
  /** @throws AppError `unavailable` */
  remove(group: string, partition: string): Promise<void>;
}
