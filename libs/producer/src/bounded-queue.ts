/** One failure as it will be sent. */
export interface QueuedRecord {
  readonly json: string;
  readonly bytes: number;
}

export interface QueueLimits {
  readonly maxQueuedRecords: number;
  readonly maxQueuedBytes: number;
  readonly whenFull: 'drop-newest' | 'drop-oldest';
}

/** Records that wait, bounded in number and bytes. What has been taken counts until it is released. */
export class BoundedQueue {
  readonly #limits: QueueLimits;
  #waiting: QueuedRecord[] = [];
  #heldRecords = 0;
  #heldBytes = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** Records waiting or taken. */
  get records(): number {
    return this.#heldRecords;
  }

  /** Bytes waiting or taken. */
  get bytes(): number {
    return this.#heldBytes;
  }

  /**
   * Adds a record, or drops what `whenFull` says, by default the limits' own.
   *
   * @returns how many records were dropped, its own included
   */
  add(record: QueuedRecord, whenFull = this.#limits.whenFull): number {
    let dropped = 0;
    while (!this.#fits(record)) {
      dropped++;
      if (whenFull === 'drop-newest') return dropped;
      const oldest = this.#waiting.shift();
      // All that is held is in flight, or the record is larger than the whole queue.
      if (!oldest) return dropped;
      this.release([oldest]);
    }
    this.#waiting.push(record);
    this.#heldRecords++;
    this.#heldBytes += record.bytes;
    return dropped;
  }

  /** Takes the oldest records, at least one if there is any. They count until `release`. */
  take(maxRecords: number, maxBytes: number): QueuedRecord[] {
    let count = 0;
    for (let bytes = 0; count < Math.min(maxRecords, this.#waiting.length); count++) {
      bytes += this.#waiting[count]!.bytes;
      if (count > 0 && bytes > maxBytes) break;
    }
    return this.#waiting.splice(0, count);
  }

  /** Everything that waits, without taking it. */
  peek(): readonly QueuedRecord[] {
    return this.#waiting;
  }

  release(records: readonly QueuedRecord[]): void {
    this.#heldRecords -= records.length;
    for (const { bytes } of records) this.#heldBytes -= bytes;
  }

  #fits({ bytes }: QueuedRecord): boolean {
    const { maxQueuedRecords, maxQueuedBytes } = this.#limits;
    return this.#heldRecords < maxQueuedRecords && this.#heldBytes + bytes <= maxQueuedBytes;
  }
}
