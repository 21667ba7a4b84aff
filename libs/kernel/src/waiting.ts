import { AppError, isAppError } from './errors.ts';

/** Resolves after `ms` milliseconds, or rejects with the code `aborted` as soon as the signal says so. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new AppError('aborted', 'aborted while waiting'));
    const onAbort = () => {
      clearTimeout(timer);
      reject(new AppError('aborted', 'aborted while waiting'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/**
 * Waits for `work` at most `ms` milliseconds. What it waited for goes on by itself: give it a signal, or be sure that
 * its late end harms nothing.
 *
 * @throws AppError `unavailable` when the time is over; the name says what did not answer
 */
export async function withDeadline<T>(name: string, ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new AppError('unavailable', `${name} did not answer within ${ms} ms`)),
      ms,
    );
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Exponential backoff with full jitter (the wait is uniform between half and all of the step), for retry number 1, 2, 3 …
 * Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
 */
export function backoffMs(
  retry: number,
  { baseMs = 100, maxMs = 10_000, random = Math.random } = {},
): number {
  const step = Math.min(maxMs, baseMs * 2 ** Math.min(retry - 1, 20));
  return Math.round(step / 2 + (step / 2) * random());
}

export interface UntilAvailableOptions {
  readonly signal: AbortSignal;
  /** Told before each wait, so that somebody can say aloud what is being waited for. */
  readonly onUnavailable?: (error: AppError, retry: number) => void;
}

/**
 * Tries until it works, with backoff, as long as the attempt fails with the code `unavailable`; every other error is
 * thrown at once, and `aborted` when the signal says so.
 */
export async function untilAvailable<T>(
  attempt: () => Promise<T>,
  { signal, onUnavailable }: UntilAvailableOptions,
): Promise<T> {
  for (let retry = 1; ; retry++) {
    if (signal.aborted) throw new AppError('aborted', 'aborted while waiting for a dependency');
    try {
      return await attempt();
    } catch (error) {
      if (!isAppError(error) || error.code !== 'unavailable') throw error;
      onUnavailable?.(error, retry);
      await delay(backoffMs(retry, { maxMs: 2_000 }), signal);
    }
  }
}
