import type { Unpack } from './unpack.ts';

/**
 * How much may be unpacked of one answer of a broker. Batches that are each small enough may be many: what comes when the
 * budget is used up is fetched again. One batch alone may always take all of it.
 */
export class UnpackBudget {
  readonly maxBytes: number;
  #used = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get isUsedUp(): boolean {
    return this.#used >= this.maxBytes;
  }

  /** Undefined when it is more than a batch may have: that costs the time of the whole budget, too. */
  async unpack(unpack: Unpack, packed: Buffer): Promise<Buffer | undefined> {
    const bytes = await unpack(packed, this.maxBytes);
    this.#used += bytes?.length ?? this.maxBytes;
    return bytes;
  }
}
