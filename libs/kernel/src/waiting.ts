import { AppError } from './errors.ts';

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
