import { AppError } from '@prodsentinel/kernel';

/** Names the point and the visit at which a process ends itself, as `POINT:VISIT`; VISIT counts from 1. */
export const killVariable = 'PRODSENTINEL_TEST_KILL_AT';

/** Places in a program at which a test lets it die without a word. */
export interface KillPoints {
  /** Ends this process by SIGKILL when it is the chosen point's chosen visit; else does nothing. */
  reach(point: string): void;
}

/**
 * @param chosen `POINT:VISIT`, undefined or empty for none
 * @param kill   ends the process; a test of this file replaces it
 * @throws AppError `configuration` when `chosen` is neither
 */
export function createKillPoints(
  chosen: string | undefined,
  kill: () => void = () => process.kill(process.pid, 'SIGKILL'),
): KillPoints {
  if (!chosen) return { reach: () => undefined };
  const [, point, visit] = /^([\w-]+):([1-9]\d*)$/.exec(chosen) ?? [];
  if (point === undefined) {
    throw new AppError(
      'configuration',
      `${killVariable} is '${chosen}', not POINT:VISIT such as 'handled:3'`,
    );
  }
  let left = Number(visit);
  return {
    reach(reached) {
      if (reached === point && --left === 0) kill();
    },
  };
}
