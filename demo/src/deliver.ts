import { AppError, backoffMs, delay, describeError, isAppError } from '@prodsentinel/kernel';

const maxAttempts = 12;

/**
 * Delivers something that may be repeated, because what receives it recognises repetitions by their signal ids: again
 * with backoff while the outcome is a refusal for now, or unknown.
 *
 * @throws AppError `unavailable` after 12 attempts (about half a minute), `aborted`, or what an attempt threw for good
 */
export async function deliver(
  what: string,
  attempt: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  for (let retry = 1; ; retry++) {
    try {
      return await attempt();
    } catch (error) {
      const isForNow =
        isAppError(error) && (error.code === 'unavailable' || error.code === 'unknown_outcome');
      if (!isForNow) throw error;
      if (retry === maxAttempts) {
        const message = `${what} was not delivered in ${maxAttempts} attempts: ${describeError(error)}`;
        throw new AppError('unavailable', message, { cause: error });
      }
      await delay(backoffMs(retry, { maxMs: 5_000 }), signal);
    }
  }
}
