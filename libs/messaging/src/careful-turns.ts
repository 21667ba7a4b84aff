/**
 * Who may try a record alone now. Records under no suspicion are tried beside each other; one at which a process ended
 * before is tried while no other is, in the whole process, so that the next crash accuses nobody else.
 */
export class CarefulTurns {
  #shared = 0;
  #isExclusive = false;
  readonly #waiting: { readonly isExclusive: boolean; readonly begin: () => void }[] = [];

  /**
   * Waits for a turn; whoever comes first is first.
   *
   * @returns ends the turn; called again it does nothing
   */
  async take(isExclusive: boolean): Promise<() => void> {
    await new Promise<void>((begin) => {
      this.#waiting.push({ isExclusive, begin });
      this.#beginNext();
    });
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      if (isExclusive) this.#isExclusive = false;
      else this.#shared -= 1;
      this.#beginNext();
    };
  }

  #beginNext(): void {
    for (let next = this.#waiting[0]; next && this.#mayBegin(next.isExclusive); next = this.#waiting[0]) {
      this.#waiting.shift();
      if (next.isExclusive) this.#isExclusive = true;
      else this.#shared += 1;
      next.begin();
    }
  }

  #mayBegin(isExclusive: boolean): boolean {
    return !this.#isExclusive && (!isExclusive || this.#shared === 0);
  }
}
