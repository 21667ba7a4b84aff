import type { FailureSignal, TracesObserved } from '@prodsentinel/contracts';
import type { FingerprintVersions } from '../../../src/domain/observe/fingerprint-versions.ts';
import type { IntakeSignal } from '../../../src/domain/observe/intake-signal.ts';
import { readSignal } from '../../../src/domain/observe/intake.ts';
import { summariseWindow } from '../../../src/domain/observe/summarise-window.ts';
import { groupWindows, toObservation } from '../../../src/domain/windows/observation.ts';
import { PartitionWindows } from '../../../src/domain/windows/partition-windows.ts';
import { failure } from './signals.ts';

const bounds = {
  quietMs: 5_000,
  maxAgeMs: 15_000,
  maxOffsets: 100,
  maxOpenFailures: 100,
  maxKeptChars: 1e6,
};
const limits = { maxWindows: 100, maxOffsets: 100 };
const knownServices = new Set<string>();

/** A failure as a build with these versions of the fingerprint takes it in. */
export function takenBy(
  versions: FingerprintVersions,
  fields: Partial<FailureSignal>,
  offset = 0,
): IntakeSignal {
  const position = { partition: 0, offset, appendedAtMs: 1_700_000_000_000 };
  return readSignal(failure(fields), position, { knownServices, versions });
}

/**
 * What failures of one partition become on their way through intake, windows and observations.
 *
 * @param firstOffset of the first; the others follow
 */
export function observedBy(
  versions: FingerprintVersions,
  failures: readonly Partial<FailureSignal>[],
  firstOffset = 0,
): TracesObserved[] {
  const windows = new PartitionWindows(1, bounds, 0);
  for (const [i, fields] of failures.entries()) windows.add(takenBy(versions, fields, firstOffset + i));
  const closed = windows.takeAll();
  const summarised = closed.map((window) => ({ window, summary: summariseWindow(window.signals) }));
  return groupWindows(summarised, limits).map((group) => toObservation(group));
}
