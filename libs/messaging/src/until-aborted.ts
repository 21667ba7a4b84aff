import { AppError } from '@prodsentinel/kernel';

/** Rejects when the signal aborts; never resolves. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () => reject(new AppError('aborted', 'asked to stop while joining the group'));
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}
