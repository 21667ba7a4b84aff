import type { FailureSignal } from '@prodsentinel/contracts';
import { takeIn } from '../../../src/domain/observe/intake.ts';
import type { IntakeSignal } from '../../../src/domain/observe/intake-signal.ts';

/** A failing log record as a producer would send it, with what a test cares about. */
export function failure(fields: Partial<FailureSignal> = {}): FailureSignal {
  return {
    signalId: null,
    traceId: 't1',
    spanId: null,
    parentSpanId: null,
    kind: 'log',
    service: 'checkout',
    environment: 'production',
    release: null,
    host: null,
    severityNumber: 17,
    severityText: 'ERROR',
    message: '',
    exception: null,
    span: null,
    metric: null,
    attributes: {},
    fingerprint: null,
    occurredAt: 1_700_000_000_000_000,
    receivedAt: null,
    ...fields,
  };
}

let nextOffset = 0;

/** The same, taken in; each at an offset of its own. */
export function taken(
  fields: Partial<FailureSignal> = {},
  knownServices: readonly string[] = shop,
): IntakeSignal {
  const position = { partition: 0, offset: nextOffset++, appendedAtMs: 1_700_000_000_000 };
  const intake = takeIn(failure(fields), position, { knownServices: new Set(knownServices) });
  if (intake.kind !== 'failure') throw new Error('the signal is no failure');
  return intake.signal;
}

export const shop = ['gateway', 'checkout', 'inventory', 'pricing', 'payments', 'shipping'];
