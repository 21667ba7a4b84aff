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
  const fresh: FreshObservation[] = [];
  let next = 0;
  for (const observation of observations) {
    const one = freshOf(observation, freshCounts, next);
    if (one) fresh.push(one);
    next += observation.windows.length;
  }
  return fresh;
}

/** @param from the place of its first window */
function freshOf(
  observation: Observation,
  freshCounts: readonly number[],
  from: number,
): FreshObservation | undefined {
  const windows: FreshWindow[] = [];
  let sum = 0;
  let first = Infinity;
  let last = 0;
  for (const [place, { traceId, firstAppendedAt, lastAppendedAt }] of observation.windows.entries()) {
    const failures = freshCounts[from + place] ?? 0;
    if (failures === 0) continue;
    windows.push({ traceId, failures, firstAppendedAt, lastAppendedAt });
    sum += failures;
    first = Math.min(first, firstAppendedAt);
    last = Math.max(last, lastAppendedAt);
  }
  if (windows.length === 0) return undefined;
  return { observation, windows, failures: sum, firstAppendedAt: first, lastAppendedAt: last };
}
