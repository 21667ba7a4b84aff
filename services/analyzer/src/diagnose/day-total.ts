/** The highest total that this process knows of for the current UTC day, in micro-dollars. */
export class DayTotal {
  readonly #readSpending: (day: string) => Promise<number>;
  #day = '';
  #micros = 0;
  #reading: Promise<void> | undefined;

  /** @param readSpending dollars that were surely spent on a day (YYYY-MM-DD) */
  constructor(readSpending: (day: string) => Promise<number>) {
    this.#readSpending = readSpending;
  }

  get micros(): number {
    return this.#micros;
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
    const micros = Math.ceil((await this.#readSpending(day)) * 1_000_000);
    this.#micros = this.#day === day ? Math.max(this.#micros, micros) : micros;
    this.#day = day;
  }

  raise(day: string, micros: number): void {
    if (this.#day === day) this.#micros = Math.max(this.#micros, micros);
  }

  /** A reservation of this process was settled for less. */
  lower(day: string, micros: number): void {
    if (this.#day === day) this.#micros = Math.max(0, this.#micros - micros);
  }
}
