/** Process exit codes, the same for services and commands (sysexits where it has a word for it). */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  unavailable: 69,
  misconfigured: 78,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
