/**
 * Remembers what was made of a text, for texts that come again and again: bounded in characters, and what was not asked for
 * in a while is forgotten. It must never change a result: only pure functions of the text may stand behind it.
 *
 * Texts are found by some of their characters and then compared whole: V8 takes longer to hash a text that it sees for the
 * first time than to compare it with one it knows. Of texts that agree in those characters only a few are remembered, so
 * that nobody can make a look-up slow.
 */
export class TextMemory<T> {
  readonly #maxChars: number;
  #recent = new Map<number, Entry<T>[]>();
  #recentChars = 0;
  #older = new Map<number, Entry<T>[]>();

  /** @param maxChars of all remembered texts together */
  constructor(maxChars: number) {
    this.#maxChars = maxChars;
  }

  get(text: string): T | undefined {
    const sample = sampleOf(text);
    const found = findIn(this.#recent.get(sample), text);
    if (found !== undefined) return found.value;
    const older = findIn(this.#older.get(sample), text);
    if (older !== undefined) this.#keep(sample, older);
    return older?.value;
  }

  /** @param heldChars what is kept alive for it, when that is more than the text itself */
  set(text: string, value: T, heldChars = text.length): void {
    this.#keep(sampleOf(text), { text, value, heldChars });
  }

  #keep(sample: number, entry: Entry<T>): void {
    if (this.#recentChars + entry.heldChars > this.#maxChars / 2) {
      this.#older = this.#recent;
      this.#recent = new Map();
      this.#recentChars = 0;
    }
    const alike = this.#recent.get(sample);
    if (alike === undefined) this.#recent.set(sample, [entry]);
    else {
      const known = alike.findIndex(({ text }) => text === entry.text);
      if (known >= 0) this.#recentChars -= alike.splice(known, 1)[0]!.heldChars;
      else if (alike.length >= maxAlike) this.#recentChars -= alike.shift()!.heldChars;
      alike.push(entry);
    }
    this.#recentChars += entry.heldChars;
  }
}

/**
 * A pure function of a text that remembers what it made of texts that come again.
 *
 * @param maxChars of all remembered texts together
 */
export function remembering<T extends object | boolean>(
  make: (text: string) => T,
  maxChars: number,
): (text: string) => T {
  const memory = new TextMemory<T>(maxChars);
  return (text) => {
    let made = memory.get(text);
    if (made === undefined) memory.set(text, (made = make(text)));
    return made;
  };
}

interface Entry<T> {
  readonly text: string;
  readonly value: T;
  readonly heldChars: number;
}

const maxAlike = 8;
const sampledChars = 24;

function findIn<T>(alike: readonly Entry<T>[] | undefined, text: string): Entry<T> | undefined {
  if (alike === undefined) return undefined;
  for (let i = 0; i < alike.length; i++) if (alike[i]!.text === text) return alike[i];
  return undefined;
}

/** Of the length and characters from all over the text. */
function sampleOf(text: string): number {
  const { length } = text;
  const step = Math.max(1, Math.floor(length / sampledChars));
  let sample = length;
  for (let i = length - 1; i >= 0; i -= step) sample = (Math.imul(sample, 31) + text.charCodeAt(i)) | 0;
  return sample;
}
