/** What was spent; money in micro-dollars, so that it adds up in whole numbers. */
export interface Spendings {
  readonly calls: number;
  readonly tokens: number;
  readonly micros: number;
}

export const nothingSpent: Spendings = { calls: 0, tokens: 0, micros: 0 };

/** The highest totals that this process knows of for the current UTC day. */
export class DayTotal {
  readonly #readSpending: (day: string) => Promise<Spendings>;
  #day = '';
  #total = nothingSpent;
  #reading: Promise<void> | undefined;

  /** @param readSpending what was surely spent on a day (YYYY-MM-DD) */
  constructor(readSpending: (day: string) => Promise<Spendings>) {
    this.#readSpending = readSpending;
  }

  get total(): Spendings {
    return this.#total;
  }

  /** Reads what was spent on a day that is new to this process. Answers whether it was; throws what reading throws. */
  async startDay(day: string): Promise<boolean> {
    if (this.#day === day) return false;
    await this.read(day);
    return true;
  }

  /** Whoever asks while it is being read waits for the same reading. */
  async read(day: string): Promise<void> {
    this.#reading ??= this.#readNow(day).finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  async #readNow(day: string): Promise<void> {
    const spent = await this.#readSpending(day);
    this.#total = this.#day === day ? highest(this.#total, spent) : spent;
    this.#day = day;
  }

  raise(day: string, spent: Spendings): void {
    if (this.#day === day) this.#total = highest(this.#total, spent);
  }

  /** A reservation of this process was settled for less. */
  lower(day: string, { calls, tokens, micros }: Spendings): void {
    if (this.#day !== day) return;
    this.#total = {
      calls: Math.max(0, this.#total.calls - calls),
      tokens: Math.max(0, this.#total.tokens - tokens),
      micros: Math.max(0, this.#total.micros - micros),
    };
  }
}

function highest(a: Spendings, b: Spendings): Spendings {
  return {
    calls: Math.max(a.calls, b.calls),
    tokens: Math.max(a.tokens, b.tokens),
    micros: Math.max(a.micros, b.micros),
  };
}
