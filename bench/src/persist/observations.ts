import { emptyRecord, type TracesObserved } from '@prodsentinel/contracts';
import type { Codec, RawMessage } from '@prodsentinel/messaging';

/** How the observations of a run look. */
export type PersistLoad = 'problems' | 'storm';

const hourMicros = 3_600_000_000;
const startMicros = Date.UTC(2026, 0, 1) * 1000;
const problems = 50;
const failurePartitions = 12;
/** Of windows that close at the same moment the analyzer makes one observation, of up to 500. */
const windowsPerObservation: Record<PersistLoad, number> = { problems: 1, storm: 20 };
const messageCharacters = 200;

/**
 * The observations of so many windows. `problems`: 50 fingerprints, one window each, which is the dearest way to say it;
 * `storm`: one fingerprint, 20 windows each. A window has a trace of its own and one to three failures.
 */
export function* makeObservations(load: PersistLoad, windows: number): Generator<TracesObserved> {
  const size = windowsPerObservation[load];
  for (let from = 0; from < windows; from += size) {
    const problem = load === 'storm' ? 0 : from % problems;
    const length = Math.min(size, windows - from);
    yield observationOf(
      problem,
      Array.from({ length }, (_, index) => windowOf(from + index)),
    );
  }
}

/** Where the analyzer would send it. */
export function toObservationMessage(codec: Codec, observation: TracesObserved): RawMessage {
  return {
    topic: 'observations',
    key: `${observation.environment}/${observation.fingerprint}`,
    value: codec.encode('observations', observation),
  };
}

function observationOf(problem: number, windows: TracesObserved['windows']): TracesObserved {
  const service = `service-${problem % 20}`;
  return {
    ...emptyRecord('observations'),
    environment: 'production',
    fingerprint: `v1:${problem.toString(16).padStart(32, '0')}`,
    title: `${service} cannot reach what it depends on`,
    severity: 'high',
    services: [service],
    releases: [`${service}@2026.11.${problem % 3}`],
    signature: [
      { service, template: 'connection refused to <*>', count: windows.length },
      { service, template: 'request <*> failed after <*> ms', count: windows.length },
    ],
    evidence: [0, 1].map((number) => evidenceOf(service, number)),
    windows,
  };
}

function evidenceOf(service: string, number: number): TracesObserved['evidence'][number] {
  return {
    evidenceId: `e${number}`,
    service,
    traceId: null,
    spanId: null,
    kind: 'log',
    severityText: 'ERROR',
    message: 'x'.repeat(messageCharacters),
    exceptionType: null,
    stack: null,
    release: null,
    partition: 0,
    offset: number,
    occurredAt: null,
  };
}

function windowOf(number: number): TracesObserved['windows'][number] {
  const appendedAt = startMicros + number * 100;
  // Three offsets are set aside for each window of a partition; the first, the first two or all are its failures.
  const first = Math.floor(number / failurePartitions) * 3;
  return {
    traceId: (number + 1).toString(16).padStart(32, '0'),
    partition: number % failurePartitions,
    firstAppendedAt: appendedAt,
    lastAppendedAt: appendedAt,
    offsets: [
      {
        appendHour: Math.floor(appendedAt / hourMicros),
        offsets: Array.from({ length: 1 + (number % 3) }, (_, index) => first + index),
      },
    ],
  };
}
