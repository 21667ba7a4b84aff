import { emptyRecord, type ObservedWindow, type TracesObserved } from '@prodsentinel/contracts';
import type { DecisionRules } from '../src/domain/decide-observations.ts';

export const hourMicros = 3_600_000_000;
export const secondMicros = 1_000_000;
/** 2026-01-01T00:00Z, the beginning of an append hour. */
export const startMicros = Date.UTC(2026, 0, 1) * 1000;

export const rules: DecisionRules = {
  timing: { firstDelay: 5 * secondMicros, nextDelay: 600 * secondMicros },
  regressionGrace: 120 * secondMicros,
  maxNewIncidentsPerHour: 100,
};

/** A fingerprint of the current version, from a small number. */
export function fingerprint(number: number, version = 1): string {
  return `v${version}:${number.toString(16).padStart(32, '0')}`;
}

/** One window whose failures were all appended at `at` (microseconds). */
export function windowOf(
  traceId: string,
  offsets: readonly number[],
  { at = startMicros, partition = 0 } = {},
): ObservedWindow {
  return {
    traceId,
    partition,
    firstAppendedAt: at,
    lastAppendedAt: at,
    offsets: [{ appendHour: Math.floor(at / hourMicros), offsets: [...offsets] }],
  };
}

export function observationOf(
  windows: ObservedWindow[],
  changes: Partial<TracesObserved> = {},
): TracesObserved {
  return {
    ...emptyRecord('observations'),
    environment: 'production',
    fingerprint: fingerprint(1),
    title: 'Checkout cannot reach the payment gateway',
    services: ['checkout'],
    signature: [{ service: 'checkout', template: 'connection refused to <*>', count: 1 }],
    windows,
    ...changes,
  };
}
