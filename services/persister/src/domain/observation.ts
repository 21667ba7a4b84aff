import {
  severities,
  type EvidenceSignal,
  type FingerprintPart,
  type ObservedWindow,
  type Severity,
  type Suspect,
  type TemplateCount,
  type TracesObserved,
} from '@prodsentinel/contracts';
import { AppError } from '@prodsentinel/kernel';
import { capped, indexable, storable, storableMicros } from './storable.ts';

/** One fingerprint in one version of the algorithm. */
export interface VersionedFingerprint {
  readonly version: number;
  readonly fingerprint: string;
}

/** A `TracesObserved` that was checked and made storable. Times in microseconds since 1970. */
export interface Observation {
  readonly environment: string;
  /** The current version first, then the previous one while both are in use. */
  readonly fingerprints: readonly VersionedFingerprint[];
  readonly fingerprintParts: readonly FingerprintPart[];
  readonly title: string;
  readonly signature: readonly TemplateCount[];
  readonly services: readonly string[];
  readonly releases: readonly string[];
  readonly severity: Severity;
  readonly suspects: readonly Suspect[];
  readonly evidence: readonly EvidenceSignal[];
  readonly evidenceOmitted: number;
  readonly windows: readonly ObservedWindow[];
  /** Only the counts are kept, because the rest could not be stored. */
  readonly isReduced?: boolean;
}

/**
 * Checks an event and makes it storable.
 *
 * @throws AppError `invalid_input` with the path of what cannot be counted: a position outside of Kafka's range, a
 *   fingerprint that is none
 */
export function parseObservation(event: TracesObserved): Observation {
  const clean = storable(event);
  return {
    environment: indexable(clean.environment || 'default'),
    fingerprints: [
      parseFingerprint(clean.fingerprint, 'fingerprint'),
      ...(clean.previousFingerprint === null
        ? []
        : [parseFingerprint(clean.previousFingerprint, 'previousFingerprint')]),
    ],
    fingerprintParts: clean.fingerprintParts,
    title: capped(clean.title, 500),
    // All templates of an incident must fit into one request.
    signature: clean.signature.map((each) => ({
      ...each,
      service: indexable(each.service),
      template: capped(each.template, 2_000),
    })),
    services: clean.services.map((each) => indexable(each)),
    releases: clean.releases.map((each) => indexable(each)),
    severity: severities.read(clean.severity),
    suspects: clean.suspects,
    evidence: clean.evidence.map((signal) => ({
      ...signal,
      occurredAt: signal.occurredAt === null ? null : storableMicros(signal.occurredAt),
    })),
    evidenceOmitted: clean.evidenceOmitted,
    windows: clean.windows.map(parseWindow),
  };
}

/** The same observation with nothing but what counts: the last resort when the rest cannot be stored. */
export function reduceToCounts(observation: Observation): Observation {
  return {
    ...observation,
    fingerprintParts: [],
    title: `${observation.fingerprints[0]?.fingerprint ?? ''} (details could not be stored)`,
    signature: [],
    suspects: [],
    evidence: [],
    evidenceOmitted: 0,
    isReduced: true,
  };
}

function parseFingerprint(text: string, path: string): VersionedFingerprint {
  const version = /^v(\d{1,4}):[\da-f]{32}$/.exec(text)?.[1];
  if (version === undefined)
    throw new AppError('invalid_input', `${path}: expected v, a number, a colon and 32 hex digits`, { path });
  return { version: Number(version), fingerprint: text };
}

function parseWindow(window: ObservedWindow, index: number): ObservedWindow {
  const path = `windows.${index}`;
  requireWholeNumber(window.partition, 2 ** 31 - 1, `${path}.partition`);
  for (const { appendHour, offsets } of window.offsets) {
    requireWholeNumber(appendHour, Number.MAX_SAFE_INTEGER, `${path}.offsets.appendHour`);
    for (const offset of offsets)
      requireWholeNumber(offset, Number.MAX_SAFE_INTEGER - 1, `${path}.offsets.offsets`);
  }
  const first = storableMicros(window.firstAppendedAt);
  return {
    ...window,
    traceId: indexable(window.traceId),
    firstAppendedAt: first,
    lastAppendedAt: Math.max(first, storableMicros(window.lastAppendedAt)),
  };
}

function requireWholeNumber(value: number, max: number, path: string): void {
  if (Number.isInteger(value) && value >= 0 && value <= max) return;
  throw new AppError('invalid_input', `${path}: expected a whole number between 0 and ${max}`, { path });
}
