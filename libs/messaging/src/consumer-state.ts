import type { AppError } from '@prodsentinel/kernel';

/** How far a consumer is between its start and its end. */
export class ConsumerState {
  /** Rejects when consuming cannot go on. */
  readonly failed: Promise<never>;
  readonly fail: (error: AppError) => void;
  /** Aborts when draining took too long: handlers should give up. */
  readonly giveUp = new AbortController();
  isRunning = false;
  /** Nothing is begun any more. */
  isDraining = false;

  constructor() {
    const { promise, reject } = Promise.withResolvers<never>();
    this.failed = promise;
    this.fail = reject;
    // Whoever runs the service awaits it; a consumer that is only used in part must not crash the process by itself.
    promise.catch(() => undefined);
  }
}
