import { backoffMs, delay } from '@prodsentinel/kernel';
import { isLostConflict } from '../adapters/lost-conflict.ts';

/**
 * Runs a transaction again when it lost against another one (deadlock, serialisation failure, the same failures counted
 * twice at once): at once and a few times. Everything else, an absent database above all, goes to the caller, who knows
 * how long to wait.
 *
 * @throws AppError what the last attempt threw
 */
export async function retryConflicts<T>(transaction: () => Promise<T>, maxAttempts = 4): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await transaction();
    } catch (error) {
      if (attempt >= maxAttempts || !isLostConflict(error)) throw error;
      await delay(backoffMs(attempt, { baseMs: 20, maxMs: 200 }));
    }
  }
}
