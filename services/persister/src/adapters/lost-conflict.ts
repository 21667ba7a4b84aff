import { AppError, isAppError } from '@prodsentinel/kernel';

// What PostgreSQL itself says of transactions that cannot both be.
const serialisationFailure = '40001';
const deadlock = '40P01';

/** Two transactions did what only one may do, and this is the other: it should run again. */
export function lostConflict(message: string): AppError {
  return new AppError('unavailable', message, {
    cause: Object.assign(new Error(message), { code: serialisationFailure }),
  });
}

/** Whether a transaction lost against another one, and may well succeed at once when it runs again. */
export function isLostConflict(error: unknown): boolean {
  if (!isAppError(error)) return false;
  const { code } = (error.cause ?? {}) as { code?: unknown };
  return code === deadlock || code === serialisationFailure;
}
