/** When errors of our own say that the build is broken, not the records. */
export interface UnexpectedLimits {
  /** Records in a row. */
  readonly maxUnexpectedInARow: number;
  /** Of the last `unexpectedWindow` records. */
  readonly maxUnexpectedPercent: number;
  readonly unexpectedWindow: number;
}

/** Errors of our own among the records of one partition, in the order in which they ended. */
export class UnexpectedErrors {
  #inARow = 0;
  #ended = 0;
  /** Which of the records that ended failed, within the window; never more than the limit and one. */
  #failed: number[] = [];

  passed(): void {
    this.#inARow = 0;
    this.#ended += 1;
  }

  /** @returns which limit is exceeded, for whoever reads why; undefined while none is */
  add({ maxUnexpectedInARow, maxUnexpectedPercent, unexpectedWindow }: UnexpectedLimits): string | undefined {
    this.#inARow += 1;
    this.#ended += 1;
    this.#failed = this.#failed.filter((each) => each > this.#ended - unexpectedWindow);
    this.#failed.push(this.#ended);
    if (this.#inARow > maxUnexpectedInARow)
      return `more than ${maxUnexpectedInARow} records in a row failed unexpectedly`;
    if (this.#failed.length * 100 > maxUnexpectedPercent * unexpectedWindow)
      return `more than ${maxUnexpectedPercent} % of the last ${unexpectedWindow} records failed unexpectedly`;
    return undefined;
  }

  forget(): void {
    this.#inARow = 0;
    this.#failed = [];
  }
}
