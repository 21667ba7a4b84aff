import { AppError, describeError, isAppError } from '@prodsentinel/kernel';
import type { ClosedWindow } from '../domain/windows/window.ts';
import type { ObservationPublisher } from './observation-publisher.ts';
import type { OpenWindows } from './open-windows.ts';

/** How often windows are looked at; small beside the quiet time. */
const tickMs = 200;

/** Takes the windows that are due and has them published; on stop, all of them. */
export class WindowFlusher {
  /** Rejects when publishing fails for a reason that waiting does not mend. */
  readonly failed: Promise<never>;
  readonly #windows: OpenWindows;
  readonly #publisher: ObservationPublisher;
  readonly #isPaused: (partition: number) => boolean;
  readonly #giveUp = new AbortController();
  #fail: (error: AppError) => void;
  #ticker: NodeJS.Timeout | undefined;

  constructor(
    windows: OpenWindows,
    publisher: ObservationPublisher,
    isPaused: (partition: number) => boolean,
  ) {
    this.#windows = windows;
    this.#publisher = publisher;
    this.#isPaused = isPaused;
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => undefined);
    this.failed = promise;
    this.#fail = reject;
  }

  start(): void {
    this.#ticker = setInterval(() => {
      const due = this.#windows.takeDue(this.#isPaused);
      if (due.length > 0) void this.#publish(due);
    }, tickMs);
  }

  /** Publishes everything that is open, within `deadlineMs`; what is not acknowledged by then is read again. */
  async stop(deadlineMs: number): Promise<void> {
    clearInterval(this.#ticker);
    const deadline = setTimeout(() => this.#giveUp.abort(), deadlineMs);
    await this.#publish(this.#windows.takeAll());
    clearTimeout(deadline);
  }

  async #publish(windows: readonly ClosedWindow[]): Promise<void> {
    try {
      await this.#publisher.publish(windows, this.#giveUp.signal);
    } catch (error) {
      if (isAppError(error) && error.code === 'aborted') return;
      this.#fail(new AppError('bug', `observations: ${describeError(error)}`, { cause: error }));
    }
  }
}
