/** How long nothing must have come before elapsed time counts as stream time. */
const idleAfterMs = 1_000;

/**
 * The clock of one partition: the largest append time read from it plus, once nothing has come for a second although
 * fetching is not paused, the time that has passed since. It never goes back. A backlog therefore runs by the times at
 * which Kafka received it, however fast or slowly it is read.
 */
export class PartitionClock {
  #largestAppendMs = 0;
  #quietSinceMs: number;
  #nowMs = 0;

  /** @param monotonicMs the process's monotonic clock, as everywhere here */
  constructor(monotonicMs: number) {
    this.#quietSinceMs = monotonicMs;
  }

  /** Milliseconds since 1970 by Kafka's clock; 0 before the first record. */
  get nowMs(): number {
    return this.#nowMs;
  }

  read(appendedAtMs: number, monotonicMs: number): void {
    this.#quietSinceMs = monotonicMs;
    this.#largestAppendMs = Math.max(this.#largestAppendMs, appendedAtMs);
    this.#nowMs = Math.max(this.#nowMs, this.#largestAppendMs);
  }

  /** A paused partition is not quiet: what was not read yet may belong to the windows that are open. */
  tick(monotonicMs: number, isPaused: boolean): void {
    if (isPaused) this.#quietSinceMs = monotonicMs;
    const quietMs = monotonicMs - this.#quietSinceMs;
    if (quietMs < idleAfterMs || this.#largestAppendMs === 0) return;
    this.#nowMs = Math.max(this.#nowMs, this.#largestAppendMs + quietMs);
  }
}
