/**
 * Which offsets of one partition are unfinished. Kafka delivers in ascending order, so the set of open offsets is its own
 * sorted list: the low-water mark is its first member, or the next offset when nothing is open. Finished offsets cost
 * nothing, however far they are ahead of an open one.
 *
 * INVARIANT: everything below `lowWater` is finished; it never goes back.
 */
export class OffsetTracker {
  /** Each open offset with its record's time. */
  readonly #open = new Map<number, number>();
  /** The offset after the highest one seen; undefined until the first record. */
  #next: number | undefined;

  /** Everything below the offset that was not begun is finished, or gone. */
  skipTo(offset: number): void {
    if (this.#next === undefined || this.#next < offset) this.#next = offset;
  }

  /** False when the record was seen before: it is at work or finished, and must not be started again. */
  begin(offset: number, timestampMs = 0): boolean {
    if (this.#next !== undefined && offset < this.#next) return false;
    this.#open.set(offset, timestampMs);
    this.#next = offset + 1;
    return true;
  }

  /** False when the offset was not open (finished twice, or never begun). */
  finish(offset: number): boolean {
    return this.#open.delete(offset);
  }

  isOpen(offset: number): boolean {
    return this.#open.has(offset);
  }

  /** The offset to commit: the lowest unfinished one. Undefined until a record was seen. */
  get lowWater(): number | undefined {
    for (const offset of this.#open.keys()) return offset;
    return this.#next;
  }

  /** The time of the record at the low-water mark; undefined when nothing is open. Milliseconds since 1970. */
  get oldestTimestampMs(): number | undefined {
    for (const timestampMs of this.#open.values()) return timestampMs;
    return undefined;
  }

  /** The offset after the highest one seen; undefined until the first record. */
  get next(): number | undefined {
    return this.#next;
  }

  get openCount(): number {
    return this.#open.size;
  }
}
