import { delay, describeError, isAppError } from '@prodsentinel/kernel';

export interface LoopOptions {
  readonly intervalMs: number;
  readonly signal: AbortSignal;
  /** Told what went wrong (a dependency is away), and undefined when a round went well. */
  readonly onTrouble: (reason: string | undefined) => void;
}

/**
 * Does a round, waits, and again until the signal aborts. A round that fails because a dependency is away is done again
 * at the next turn; every other error ends the loop and rejects.
 */
export async function loop(
  round: () => Promise<void>,
  { intervalMs, signal, onTrouble }: LoopOptions,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await round();
      onTrouble(undefined);
    } catch (error) {
      if (!isAppError(error) || !passing.has(error.code)) throw error;
      onTrouble(describeError(error));
    }
    await delay(intervalMs, signal).catch(() => undefined);
  }
}

const passing = new Set(['unavailable', 'unknown_outcome']);
