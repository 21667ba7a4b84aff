/** Where a partition is read from, and the offset behind the last that belongs to the reading. */
export interface ReadBounds {
  readonly from: number;
  readonly end: number;
}

/**
 * How far a topic was read. A member that has to join its group again is given again what it was given, and what Kafka
 * removes meanwhile never comes: so it is places that count, not records.
 */
export class ReadProgress {
  /** Of the partitions that are not read to their end, from where on. */
  readonly #left: Map<number, ReadBounds>;

  constructor(bounds: ReadonlyMap<number, ReadBounds>) {
    this.#left = new Map([...bounds].filter(([, { from, end }]) => from < end));
  }

  get isComplete(): boolean {
    return this.#left.size === 0;
  }

  /** Goes on to a record; whether it belongs to the reading and was not reached before. */
  advance(partition: number, offset: number): boolean {
    const left = this.#left.get(partition);
    if (left === undefined || offset < left.from) return false;
    const from = offset + 1;
    if (from < left.end) this.#left.set(partition, { from, end: left.end });
    else this.#left.delete(partition);
    return offset < left.end;
  }
}
