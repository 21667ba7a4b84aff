import { exitCodes, isAppError, type ErrorCode, type ExitCode } from '@prodsentinel/kernel';

/** How a command that threw leaves (DECISIONS, "Leaving"). Being asked to stop is no failure. */
export function exitCodeOf(error: unknown): ExitCode {
  if (!isAppError(error)) return exitCodes.failed;
  return exitCodeByError[error.code] ?? exitCodes.failed;
}

const exitCodeByError: Partial<Record<ErrorCode, ExitCode>> = {
  configuration: exitCodes.misconfigured,
  contract_mismatch: exitCodes.misconfigured,
  unavailable: exitCodes.unavailable,
  aborted: exitCodes.ok,
};
