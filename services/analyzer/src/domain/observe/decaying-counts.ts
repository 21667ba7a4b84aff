/**
 * Counts by name that fade: after each half-life a count weighs half. At most `maxNames` names are kept; beyond it the one
 * that was counted longest ago is forgotten. Time is what the caller says, and going back in it counts as standing still.
 */
export class DecayingCounts {
  readonly #halfLifeMs: number;
  readonly #maxNames: number;
  /** In the order of their last count. */
  readonly #counts = new Map<string, { weight: number; atMs: number }>();
  #total = { weight: 0, atMs: 0 };

  constructor({ halfLifeMs, maxNames }: { halfLifeMs: number; maxNames: number }) {
    this.#halfLifeMs = halfLifeMs;
    this.#maxNames = maxNames;
  }

  get names(): number {
    return this.#counts.size;
  }

  add(name: string, atMs: number, count = 1): void {
    const known = this.#counts.get(name);
    if (known) this.#counts.delete(name);
    else if (this.#counts.size >= this.#maxNames) this.#forgetOldest();
    this.#counts.set(name, this.#later(known, atMs, count));
    this.addToTotal(atMs, count);
  }

  /** Counts what has no name of its own but is part of the whole. */
  addToTotal(atMs: number, count: number): void {
    this.#total = this.#later(this.#total, atMs, count);
  }

  weightOf(name: string, atMs: number): number {
    return this.#later(this.#counts.get(name), atMs, 0).weight;
  }

  totalWeight(atMs: number): number {
    return this.#later(this.#total, atMs, 0).weight;
  }

  #later(from: { weight: number; atMs: number } | undefined, atMs: number, added: number) {
    if (from === undefined) return { weight: added, atMs };
    const elapsedMs = Math.max(0, atMs - from.atMs);
    return {
      weight: from.weight * 2 ** (-elapsedMs / this.#halfLifeMs) + added,
      atMs: from.atMs + elapsedMs,
    };
  }

  #forgetOldest(): void {
    const oldest = this.#counts.keys().next();
    if (!oldest.done) this.#counts.delete(oldest.value);
  }
}
