/**
 * Remembers what was made of a text, for texts that come again and again: bounded in characters, and what was not asked for
 * in a while is forgotten. It must never change a result: only pure functions of the text may stand behind it.
 */
export class TextMemory<T> {
  readonly #maxChars: number;
  #recent = new Map<string, T>();
  #recentChars = 0;
  #older = new Map<string, T>();

  /** @param maxChars of all remembered texts together */
  constructor(maxChars: number) {
    this.#maxChars = maxChars;
  }

  get(text: string): T | undefined {
    const found = this.#recent.get(text);
    if (found !== undefined) return found;
    const older = this.#older.get(text);
    if (older !== undefined) this.set(text, older);
    return older;
  }

  /** @param heldChars what is kept alive for it, when that is more than the text itself */
  set(text: string, value: T, heldChars = text.length): void {
    if (this.#recentChars + heldChars > this.#maxChars / 2) {
      this.#older = this.#recent;
      this.#recent = new Map();
      this.#recentChars = 0;
    }
    this.#recent.set(text, value);
    this.#recentChars += heldChars;
  }
}
