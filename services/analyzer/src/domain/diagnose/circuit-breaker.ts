/**
 * Keeps calls from a model that does not answer. Closed: all may call. Open: nobody, until a time. Then one probe may; its
 * success closes the breaker, its failure opens it again for twice as long. Our own, because a server may also say how
 * long to stay away (Retry-After, no quota left), and because whoever is turned away must know when to ask again.
 *
 * Per process: each finds an outage out by itself, at the price of `failuresToOpen` calls that are not charged.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  #failuresInARow = 0;
  #openUntilMs = 0;
  #openMs: number;
  #isProbing = false;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
    this.#openMs = options.openMs;
  }

  /** Undefined when a call may be made; else when to ask again, in milliseconds since 1970. */
  blockedUntilMs(nowMs: number): number | undefined {
    if (this.#openUntilMs === 0) return undefined;
    if (nowMs < this.#openUntilMs) return this.#openUntilMs;
    if (this.#isProbing) return nowMs + this.#openMs;
    this.#isProbing = true;
    return undefined;
  }

  succeeded(): void {
    this.#failuresInARow = 0;
    this.#openUntilMs = 0;
    this.#openMs = this.#options.openMs;
    this.#isProbing = false;
  }

  /** A call that says nothing of the model's health (it was not made after all): another may probe. */
  abandoned(): void {
    this.#isProbing = false;
  }

  /** @param untilMs when the server itself said how long to stay away: open at once */
  failed(nowMs: number, untilMs?: number): void {
    this.#failuresInARow += 1;
    if (untilMs !== undefined) this.#openUntilMs = Math.max(this.#openUntilMs, untilMs);
    else if (this.#isProbing) {
      this.#openMs = Math.min(this.#openMs * 2, this.#options.maxOpenMs);
      this.#openUntilMs = nowMs + this.#openMs;
    } else if (this.#failuresInARow >= this.#options.failuresToOpen) this.#openUntilMs = nowMs + this.#openMs;
    this.#isProbing = false;
  }
}

export interface CircuitBreakerOptions {
  readonly failuresToOpen: number;
  readonly openMs: number;
  readonly maxOpenMs: number;
}
