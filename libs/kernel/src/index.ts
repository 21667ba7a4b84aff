export { AppError, assertNever, describeError, errorCodes, isAppError, type ErrorCode } from './errors.ts';
export { exitCodes, type ExitCode } from './exit-codes.ts';
export { newId } from './ids.ts';
export { Releasers } from './releasers.ts';
export { backoffMs, delay, untilAvailable, withDeadline, type UntilAvailableOptions } from './waiting.ts';
