import { exitCodes, isAppError, type ExitCode } from '@prodsentinel/kernel';

/** How a command that threw leaves (DECISIONS, "Leaving"). Being asked to stop is no failure. */
export function exitCodeOf(error: unknown): ExitCode {
  if (!isAppError(error)) return exitCodes.failed;
  switch (error.code) {
    case 'configuration':
    case 'contract_mismatch':
      return exitCodes.misconfigured;
    case 'unavailable':
      return exitCodes.unavailable;
    case 'aborted':
      return exitCodes.ok;
    default:
      return exitCodes.failed;
  }
}
