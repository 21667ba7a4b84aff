import type { Observation } from './observation.ts';

/** What one window brought that was not counted before. */
export interface FreshWindow {
  readonly traceId: string;
  readonly failures: number;
  readonly firstAppendedAt: number;
  readonly lastAppendedAt: number;
}

/** An observation with at least one failure that was not counted before. */
export interface FreshObservation {
  readonly observation: Observation;
  readonly windows: readonly FreshWindow[];
  readonly failures: number;
  readonly firstAppendedAt: number;
  readonly lastAppendedAt: number;
}

/** Keeps what is new: `freshCounts` holds the new failures of each window. */
export function toFreshObservations(
  observations: readonly Observation[],
  freshCounts: readonly number[],
): FreshObservation[] {
  let next = 0;
  return observations.flatMap((observation): FreshObservation[] => {
    const windows = observation.windows.flatMap(
      ({ traceId, firstAppendedAt, lastAppendedAt }): FreshWindow[] => {
        const failures = freshCounts[next++] ?? 0;
        return failures > 0 ? [{ traceId, failures, firstAppendedAt, lastAppendedAt }] : [];
      },
    );
    if (windows.length === 0) return [];
    return [
      {
        observation,
        windows,
        failures: windows.reduce((sum, { failures }) => sum + failures, 0),
        firstAppendedAt: windows.reduce((least, each) => Math.min(least, each.firstAppendedAt), Infinity),
        lastAppendedAt: windows.reduce((most, each) => Math.max(most, each.lastAppendedAt), 0),
      },
    ];
  });
}
