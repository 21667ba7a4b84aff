import { TextMemory } from './text-memory.ts';

/** One of the texts that come again and again. */
export interface KnownText {
  /** The same object for all equal texts, as long as it is remembered: many failures then hold one text. */
  readonly text: string;
  /** No other text ever has it; one that was forgotten gets another. */
  readonly id: number;
}

/** Gives texts short names, bounded in characters. */
export class KnownTexts {
  readonly #known: TextMemory<KnownText>;
  #nextId = 0;

  /** @param maxChars of all remembered texts together */
  constructor(maxChars: number) {
    this.#known = new TextMemory(maxChars);
  }

  of(text: string): KnownText {
    let known = this.#known.get(text);
    if (known === undefined) this.#known.set(text, (known = { text, id: this.#nextId++ }));
    return known;
  }
}
