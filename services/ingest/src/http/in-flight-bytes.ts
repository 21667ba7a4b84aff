import { HttpProblem } from './problem.ts';

/** The bound on what all requests together hold: whoever would exceed it is sent away at once, and cheaply. */
export class InFlightBytes {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** One request's share. Release it however the request ends. */
  open(): InFlightShare {
    let held = 0;
    return {
      grow: (bytes) => {
        if (this.#bytes + bytes > this.#maxBytes) {
          throw new HttpProblem(503, 'overloaded', 'too much is in flight: nothing was sent, try again', {
            headers: { 'retry-after': '1' },
          });
        }
        this.#bytes += bytes;
        held += bytes;
      },
      release: () => {
        this.#bytes -= held;
        held = 0;
      },
    };
  }
}

export interface InFlightShare {
  /** @throws HttpProblem 503 when there is no room for so many bytes more */
  grow(bytes: number): void;
  release(): void;
}
