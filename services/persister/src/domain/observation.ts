import {
  severities,
  type FingerprintPart,
  type ObservedWindow,
  type Severity,
  type TemplateCount,
  type TracesObserved,
} from '@prodsentinel/contracts';
import { AppError } from '@prodsentinel/kernel';
import { toExemplar, withShortTexts } from './exemplar.ts';
import type { Exemplar } from './incident.ts';
import { capped, indexable, storable, storableMicros } from './storable.ts';

/** One fingerprint in one version of the algorithm. */
export interface VersionedFingerprint {
  readonly version: number;
  readonly fingerprint: string;
  /** Tells it apart in all environments: the JSON of environment, version and fingerprint. */
  readonly alias: string;
}

/** A `TracesObserved` that was checked and made storable. Times in microseconds since 1970. */
export interface Observation {
  readonly environment: string;
  /** The current version first, then the previous one while both are in use. */
  readonly fingerprints: readonly VersionedFingerprint[];
  /** Read and made storable when it is asked for: most observations show what is known already. */
  readonly fingerprintParts: () => readonly FingerprintPart[];
  readonly title: string;
  readonly signature: readonly TemplateCount[];
  readonly services: readonly string[];
  readonly releases: readonly string[];
  readonly severity: Severity;
  /** Read and made storable when it is asked for; undefined when the observation brought no evidence. */
  readonly exemplar: () => Exemplar | undefined;
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
  const { previousFingerprint } = event;
  const known = knownOf(indexable(storable(event.environment) || 'default'));
  const fingerprints = [fingerprintOf(known, event.fingerprint, 'fingerprint')];
  if (previousFingerprint !== null)
    fingerprints.push(fingerprintOf(known, previousFingerprint, 'previousFingerprint'));
  return {
    environment: known.environment,
    fingerprints,
    fingerprintParts: () =>
      event.fingerprintParts.slice(0, 100).map((each) => withShortTexts(storable(each))),
    title: capped(storable(event.title), 500),
    // All templates of an incident must fit into one request.
    signature: changed(event.signature, parseTemplate),
    services: changed(event.services, parseName),
    releases: changed(event.releases, parseName),
    severity: severities.read(event.severity),
    exemplar: () => (event.evidence.length === 0 ? undefined : toExemplar(event)),
    windows: changed(event.windows, parseWindow),
  };
}

/** The same observation with nothing but what counts: the last resort when the rest cannot be stored. */
export function reduceToCounts(observation: Observation): Observation {
  return {
    ...observation,
    fingerprintParts: () => [],
    title: `${observation.fingerprints[0]?.fingerprint ?? ''} (details could not be stored)`,
    signature: [],
    exemplar: () => undefined,
    isReduced: true,
  };
}

/** The fingerprints of one environment that were parsed before, so that each is one object. */
interface KnownFingerprints {
  readonly environment: string;
  readonly byText: Map<string, VersionedFingerprint>;
}

/** Both are of strangers' choice: all is forgotten rather than grows. */
const maxKnown = 10_000;
const knownByEnvironment = new Map<string, KnownFingerprints>();
let knownCount = 0;

function knownOf(environment: string): KnownFingerprints {
  let known = knownByEnvironment.get(environment);
  if (!known) {
    if (knownByEnvironment.size >= maxKnown) knownByEnvironment.clear();
    knownByEnvironment.set(environment, (known = { environment, byText: new Map() }));
  }
  return known;
}

function fingerprintOf(of: KnownFingerprints, text: string, path: string): VersionedFingerprint {
  const known = of.byText.get(text);
  if (known) return known;
  const parsed = parseFingerprint(of.environment, text, path);
  if (++knownCount > maxKnown) {
    for (const each of knownByEnvironment.values()) each.byText.clear();
    knownCount = 1;
  }
  of.byText.set(text, parsed);
  return parsed;
}

/** The same array where nothing changes, as nearly always: what is made lives as long as its transaction. */
function changed<T>(values: readonly T[], change: (value: T, place: number) => T): readonly T[] {
  const isChanged = values.some((value, place) => !Object.is(change(value, place), value));
  return isChanged ? values.map(change) : values;
}

function parseName(name: string): string {
  return indexable(storable(name));
}

function parseTemplate(given: TemplateCount): TemplateCount {
  const service = parseName(given.service);
  const template = capped(storable(given.template), 2_000);
  const count = storable(given.count);
  const isSame = service === given.service && template === given.template && Object.is(count, given.count);
  return isSame ? given : { service, template, count };
}

function parseFingerprint(environment: string, text: string, path: string): VersionedFingerprint {
  const digits = /^v(\d{1,4}):[\da-f]{32}$/.exec(text)?.[1];
  if (digits === undefined)
    throw new AppError('invalid_input', `${path}: expected v, a number, a colon and 32 hex digits`, { path });
  const version = Number(digits);
  return { version, fingerprint: text, alias: JSON.stringify([environment, version, text]) };
}

function parseWindow(window: ObservedWindow, index: number): ObservedWindow {
  requireWholeNumber(window.partition, 2 ** 31 - 1, () => `windows.${index}.partition`);
  for (const { appendHour, offsets } of window.offsets) {
    requireWholeNumber(appendHour, Number.MAX_SAFE_INTEGER, () => `windows.${index}.offsets.appendHour`);
    for (const offset of offsets)
      requireWholeNumber(offset, Number.MAX_SAFE_INTEGER - 1, () => `windows.${index}.offsets.offsets`);
  }
  const traceId = parseName(window.traceId);
  const firstAppendedAt = storableMicros(window.firstAppendedAt);
  const lastAppendedAt = Math.max(firstAppendedAt, storableMicros(window.lastAppendedAt));
  const isSame =
    traceId === window.traceId &&
    Object.is(firstAppendedAt, window.firstAppendedAt) &&
    Object.is(lastAppendedAt, window.lastAppendedAt);
  if (isSame) return window;
  const { partition, offsets } = window;
  return { traceId, partition, firstAppendedAt, lastAppendedAt, offsets };
}

function requireWholeNumber(value: number, max: number, pathOf: () => string): void {
  if (Number.isInteger(value) && value >= 0 && value <= max) return;
  const path = pathOf();
  throw new AppError('invalid_input', `${path}: expected a whole number between 0 and ${max}`, { path });
}
