import { isWordCode } from './character-classes.ts';
import type { Scanned } from './message-tokens.ts';
import type { TokenContext } from './protected-tokens.ts';

/** What stands around a token, taken out of the text only when somebody asks. */
export class WordsAround implements TokenContext {
  readonly #scanned: Scanned;
  #start = 0;
  #end = 0;
  #startBefore = 0;
  #endBefore = 0;
  #tokenEnd = 0;

  constructor(scanned: Scanned) {
    this.#scanned = scanned;
  }

  add(start: number, end: number): void {
    this.#startBefore = this.#start;
    this.#endBefore = this.#end;
    this.#start = start;
    this.#end = end;
  }

  forgetPrevious(): void {
    this.#start = this.#end = 0;
  }

  /** Of the token that ends here; valid until the next one. */
  around(tokenEnd: number): TokenContext {
    this.#tokenEnd = tokenEnd;
    return this;
  }

  get previous(): string {
    return this.#wordOf(this.#start, this.#end);
  }

  get beforePrevious(): string {
    return this.#wordOf(this.#startBefore, this.#endBefore);
  }

  get next(): string {
    const { text, bytes, limit } = this.#scanned;
    const end = this.#tokenEnd;
    if (bytes[end] !== 32) return '';
    let i = end + 1;
    while (i < limit && i - end < 16 && isWordCode(bytes[i]!)) i++;
    return text.slice(end + 1, i);
  }

  #wordOf(start: number, end: number): string {
    return end === start || end - start > 32 ? '' : this.#scanned.text.slice(start, end).toLowerCase();
  }
}
