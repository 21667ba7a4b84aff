/** So many neighbouring offsets share one entry: 32 bits. */
const blockSize = 32;

interface Block {
  /** One bit for each offset that is open, the lowest offset the lowest bit. */
  open: number;
  /** The time of the record that was begun first. Milliseconds since 1970. */
  readonly timestampMs: number;
}

/**
 * Which offsets of one partition are unfinished. Kafka delivers in ascending order, so the blocks of open offsets are their
 * own sorted list: the low-water mark is the first open offset of the first, or the next offset when nothing is open.
 * Finished offsets cost nothing, however far they are ahead of an open one.
 *
 * INVARIANT: everything below `lowWater` is finished; it never goes back. A block without an open offset is removed.
 */
export class OffsetTracker {
  /** By the number of the block. */
  readonly #blocks = new Map<number, Block>();
  #openCount = 0;
  /** The offset after the highest one seen; undefined until the first record. */
  #next: number | undefined;
  /** The block that was touched last: neighbours mostly end one after the other. */
  #recent: Block | undefined;
  #recentNumber = -1;

  /** Everything below the offset that was not begun is finished, or gone. */
  skipTo(offset: number): void {
    if (this.#next === undefined || this.#next < offset) this.#next = offset;
  }

  /** False when the record was seen before: it is at work or finished, and must not be started again. */
  begin(offset: number, timestampMs = 0): boolean {
    if (this.#next !== undefined && offset < this.#next) return false;
    this.beginRun(offset, 1, timestampMs);
    return true;
  }

  /**
   * Begins so many offsets without a gap, of which none was seen before.
   *
   * @param timestampMs of the first; it stands for all
   */
  beginRun(first: number, count: number, timestampMs: number): void {
    const end = first + count;
    for (let offset = first; offset < end;) {
      const number = Math.floor(offset / blockSize);
      const from = offset - number * blockSize;
      const size = Math.min(blockSize - from, end - offset);
      const bits = size === blockSize ? -1 : ((1 << size) - 1) << from;
      const block = this.#find(number);
      if (block) block.open |= bits;
      else this.#blocks.set(number, { open: bits, timestampMs });
      offset += size;
    }
    this.#openCount += count;
    this.#next = end;
  }

  /** False when the offset was not open (finished twice, or never begun). */
  finish(offset: number): boolean {
    const number = Math.floor(offset / blockSize);
    const block = this.#find(number);
    const bit = 1 << (offset - number * blockSize);
    if (!block || (block.open & bit) === 0) return false;
    block.open &= ~bit;
    this.#openCount -= 1;
    if (block.open === 0) {
      this.#blocks.delete(number);
      this.#recent = undefined;
    }
    return true;
  }

  isOpen(offset: number): boolean {
    const number = Math.floor(offset / blockSize);
    const block = this.#find(number);
    return block !== undefined && (block.open & (1 << (offset - number * blockSize))) !== 0;
  }

  /** The offset to commit: the lowest unfinished one. Undefined until a record was seen. */
  get lowWater(): number | undefined {
    for (const [number, { open }] of this.#blocks) {
      const lowestBit = 31 - Math.clz32(open & -open);
      return number * blockSize + lowestBit;
    }
    return this.#next;
  }

  /**
   * The time of the record at the low-water mark, or of one that was fetched with it and is older; undefined when nothing is
   * open. Milliseconds since 1970.
   */
  get oldestTimestampMs(): number | undefined {
    for (const { timestampMs } of this.#blocks.values()) return timestampMs;
    return undefined;
  }

  /** The offset after the highest one seen; undefined until the first record. */
  get next(): number | undefined {
    return this.#next;
  }

  get openCount(): number {
    return this.#openCount;
  }

  #find(number: number): Block | undefined {
    if (this.#recent && this.#recentNumber === number) return this.#recent;
    this.#recentNumber = number;
    this.#recent = this.#blocks.get(number);
    return this.#recent;
  }
}
