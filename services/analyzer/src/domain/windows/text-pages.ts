const pageBytes = 256 * 1024;
const maxBytesPerChar = 3;

/**
 * Writes texts one behind the other into pages outside of the heap, where no garbage collection moves them while a window is
 * open. A page goes when nothing that was written to it is held any more.
 */
export class TextPages {
  #page = Buffer.allocUnsafeSlow(0);
  #used = 0;

  /** The page on which the next texts of at most so many characters in all will stand. */
  turnTo(chars: number): Buffer {
    const mostBytes = chars * maxBytesPerChar;
    if (this.#used + mostBytes > this.#page.length) {
      this.#page = Buffer.allocUnsafeSlow(Math.max(pageBytes, mostBytes));
      this.#used = 0;
    }
    return this.#page;
  }

  /** Where the next text begins, in bytes. */
  get used(): number {
    return this.#used;
  }

  /** @param text well-formed, of those that the page was turned for */
  write(text: string): void {
    this.#used += this.#page.write(text, this.#used, 'utf8');
  }
}
