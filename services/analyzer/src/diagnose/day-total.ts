/** What was spent; money in micro-dollars, so that it adds up in whole numbers. */
export interface Spendings {
  readonly calls: number;
  readonly tokens: number;
  readonly micros: number;
}

export const nothingSpent: Spendings = { calls: 0, tokens: 0, micros: 0 };

/** The most that this process knows to have been spent on the current UTC day; what is only reserved is no part of it. */
export class DayTotal {
  readonly #readSpending: (day: string) => Promise<Spendings>;
  #day = '';
  #total = nothingSpent;
  #reading: { readonly day: string; readonly done: Promise<void> } | undefined;

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

  /** Whoever asks for the same day while it is being read waits for the same reading. */
  async read(day: string): Promise<void> {
    if (this.#reading?.day === day) return this.#reading.done;
    const reading = { day, done: this.#readNow(day) };
    this.#reading = reading;
    try {
      await reading.done;
    } finally {
      if (this.#reading === reading) this.#reading = undefined;
    }
  }

  async #readNow(day: string): Promise<void> {
    const spent = await this.#readSpending(day);
    // Midnight passed meanwhile, and the new day is known already.
    if (day < this.#day) return;
    this.#total = this.#day === day ? highest(this.#total, spent) : spent;
    this.#day = day;
  }

  raise(day: string, spent: Spendings): void {
    if (this.#day === day) this.#total = highest(this.#total, spent);
  }

  /** Spent, and in no counter that this process has seen. */
  add(day: string, { calls, tokens, micros }: Spendings): void {
    if (this.#day !== day) return;
    this.#total = {
      calls: this.#total.calls + calls,
      tokens: this.#total.tokens + tokens,
      micros: this.#total.micros + micros,
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
