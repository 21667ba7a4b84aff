import { backoffMs } from '@prodsentinel/kernel';

/**
 * Requests that somebody else works on: looked at again when the lease ends, without holding anybody up. Bounded: `hold`
 * says no when it is full, and the caller falls back to an ordinary retry. What is forgotten at the end (or because the
 * partition is lost) was never committed and comes again.
 */
export class HeldRequests {
  readonly #max: number;
  readonly #onError: (error: unknown) => void;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #atWork = new Set<Promise<void>>();
  #isStopped = false;

  constructor(max: number, onError: (error: unknown) => void) {
    this.#max = max;
    this.#onError = onError;
  }

  /** @param look answers when to look again, or undefined when the request is finished */
  hold(inMs: number, look: () => Promise<number | undefined>): boolean {
    if (this.#isStopped || this.#timers.size + this.#atWork.size >= this.#max) return false;
    this.#schedule(inMs, look, 0);
    return true;
  }

  #schedule(inMs: number, look: () => Promise<number | undefined>, failures: number): void {
    // A little later than the lease ends, never in a tight circle.
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        const work = this.#look(look, failures);
        this.#atWork.add(work);
        void work.then(() => this.#atWork.delete(work));
      },
      Math.max(50, inMs + 10),
    );
    this.#timers.add(timer);
  }

  async #look(look: () => Promise<number | undefined>, failures: number): Promise<void> {
    let inMs: number | undefined;
    let failed = failures;
    try {
      inMs = await look();
      failed = 0;
    } catch (error) {
      this.#onError(error);
      failed += 1;
      inMs = backoffMs(failed);
    }
    // Its place was given when it was held: it is never turned away now.
    if (inMs !== undefined && !this.#isStopped) this.#schedule(inMs, look, failed);
  }

  /** Forgets what waits and waits for what is being looked at. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    while (this.#atWork.size > 0) await Promise.all(this.#atWork);
  }
}
