import type { ProcessCrashes } from '@prodsentinel/messaging';
import type { FromThread } from './thread-messages.ts';

type Turns = ProcessCrashes['turns'];

/** The careful turns of the whole process, asked for from a thread. */
export function remoteTurns(say: (message: FromThread) => void): Turns & { began(id: number): void } {
  const waiting = new Map<number, () => void>();
  let lastId = 0;
  return {
    async take(isExclusive) {
      const id = ++lastId;
      await new Promise<void>((begin) => {
        waiting.set(id, begin);
        say({ kind: 'takeTurn', id, isExclusive });
      });
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        say({ kind: 'endTurn', id });
      };
    },
    began(id) {
      waiting.get(id)?.();
      waiting.delete(id);
    },
  };
}

/** The other side: gives a thread the turns it asks for. */
export class TurnsOfThread {
  readonly #turns: Turns;
  readonly #began: (id: number) => void;
  readonly #ends = new Map<number, () => void>();
  #isGone = false;

  /** @param began told when a turn that was asked for begins */
  constructor(turns: Turns, began: (id: number) => void) {
    this.#turns = turns;
    this.#began = began;
  }

  async take(id: number, isExclusive: boolean): Promise<void> {
    const end = await this.#turns.take(isExclusive);
    if (this.#isGone) return end();
    this.#ends.set(id, end);
    this.#began(id);
  }

  end(id: number): void {
    this.#ends.get(id)?.();
    this.#ends.delete(id);
  }

  /** The thread is gone: others need not wait for it. */
  endAll(): void {
    this.#isGone = true;
    for (const id of this.#ends.keys()) this.end(id);
  }
}
