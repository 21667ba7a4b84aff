import { describe, expect, jest, test } from '@jest/globals';
import type { FailureSignal } from '@prodsentinel/contracts';
import fc from 'fast-check';
import { chooseEvidence } from '../../../src/domain/observe/evidence.ts';
import { LatencyBaseline } from '../../../src/domain/observe/latency-baseline.ts';
import { SignalBaseline } from '../../../src/domain/observe/signal-baseline.ts';
import { summariseWindow } from '../../../src/domain/observe/summarise-window.ts';
import { UsualLines } from '../../../src/domain/observe/usual-lines.ts';
import { taken } from './signals.ts';

// Properties run hundreds of times; how long that takes says nothing.
jest.setTimeout(60_000);

const pool = {
  type: 'PoolExhaustedError',
  message: 'timed out waiting for a connection',
  stack: null,
  causes: [],
};
const storm = [
  taken({
    service: 'gateway',
    message: 'GET /a answered 500 Internal Server Error',
    occurredAt: 1,
    release: '7',
  }),
  taken({ service: 'checkout', message: 'inventory responded 500', occurredAt: 2 }),
  taken({ service: 'checkout', message: 'inventory responded 500', occurredAt: 4 }),
  taken({ service: 'inventory', exception: pool, occurredAt: 3, release: '1.2' }),
];

describe('summariseWindow', () => {
  test('tells of a storm by its cause', () => {
    const summary = summariseWindow(storm);
    expect(summary).toMatchObject({
      environment: 'production',
      fingerprint: storm[3]!.fingerprint,
      title: 'inventory: PoolExhaustedError: timed out waiting for a connection',
      services: ['checkout', 'gateway', 'inventory'],
      releases: ['gateway@7', 'inventory@1.2'],
      severity: 'high',
      evidenceOmitted: 0,
    });
    expect(summary.signature[0]).toEqual({
      service: 'checkout',
      template: 'inventory responded 500',
      count: 2,
    });
    expect(summary.evidence.map(({ evidenceId, service }) => [evidenceId, service])).toEqual([
      ['e1', 'inventory'],
      ['e2', 'gateway'],
      ['e3', 'checkout'],
      ['e4', 'checkout'],
    ]);
  });

  test('ranks suspects between 0 and 1 and says why', () => {
    const { suspects } = summariseWindow(storm);
    expect(suspects.map(({ service }) => service)).toEqual(['inventory', 'gateway', 'checkout']);
    expect(suspects[0]!.why).toContain('the most likely origin');
    expect(suspects[2]!.why).toContain('puts the fault on inventory');
    expect(suspects.every(({ score }) => score >= 0 && score <= 1)).toBe(true);
  });

  test.each<[string, Partial<FailureSignal>[], string]>([
    ['critical for FATAL', [{ severityNumber: 21 }], 'critical'],
    ['critical for FATAL by text', [{ severityNumber: 0, severityText: 'panic' }], 'critical'],
    ['critical when memory ran out', [{ message: 'JavaScript heap out of memory' }], 'critical'],
    ['critical when the disk is full', [{ message: 'write failed: ENOSPC' }], 'critical'],
    ['high for an ERROR with an exception', [{ exception: pool }], 'high'],
    ['high for ERRORs of two services', [{ service: 'pricing' }, { service: 'shipping' }], 'high'],
    ['medium for ERRORs of one service', [{ message: 'a' }, { message: 'b' }], 'medium'],
    [
      'medium for a failed span',
      [{ severityNumber: 0, severityText: null, span: { name: 's', durationMicros: 1, status: 'error' } }],
      'medium',
    ],
    ['low for an exception that was logged as a warning', [{ severityNumber: 13, exception: pool }], 'low'],
  ])('is %s', (_, signals, severity) => {
    expect(summariseWindow(signals.map((fields) => taken(fields))).severity).toBe(severity);
  });

  test('gives one line of at most 120 characters as title, whatever the failure says', () => {
    const { title } = summariseWindow([taken({ message: `first ${'😀'.repeat(200)}\nsecond` })]);
    expect(title.length).toBeLessThanOrEqual(120);
    expect(title.isWellFormed()).toBe(true);
    expect(title).not.toContain('second');
    expect(summariseWindow([taken({ message: '' })]).title).toBe('checkout: failure without a message');
  });

  test('shows one signal of each template before repetitions, and counts the rest', () => {
    const many = [
      ...Array.from({ length: 50 }, () => taken({ message: 'again' })),
      taken({ message: 'once' }),
    ];
    const { evidence, evidenceOmitted } = summariseWindow(many);
    expect(evidence).toHaveLength(12);
    expect(evidence.slice(0, 2).map(({ message }) => message)).toEqual(['again', 'once']);
    expect(evidenceOmitted).toBe(39);
  });

  test('keeps the evidence inside its bytes, cutting stacks before messages', () => {
    const big = taken({ message: 'é'.repeat(4_000), exception: { ...pool, stack: '"\n'.repeat(8_000) } });
    const window = Array.from({ length: 20 }, (_, i) => ({ ...big, offset: i, template: String(i) }));
    for (const maxBytes of [0, 500, 3_000, 20_000, 48 * 1024]) {
      const { evidence, evidenceOmitted } = chooseEvidence(window, {
        primary: window[0]!,
        exemplars: window,
        maxBytes,
      });
      expect(Buffer.byteLength(JSON.stringify(evidence))).toBeLessThanOrEqual(maxBytes + 2 + evidence.length);
      expect(evidence.length + evidenceOmitted).toBe(20);
      expect(evidence.length > 0).toBe(maxBytes > 0);
      if (maxBytes >= 20_000) expect(evidence[0]!.stack).not.toBeNull();
    }
  });

  test('bounds what a window of ten thousand different failures says', () => {
    const one = taken({ message: 'x' });
    const window = Array.from({ length: 10_000 }, (_, i) => ({
      ...one,
      offset: i,
      service: `s${i}-api`,
      template: `s${i + 1}-api t${i}`,
    }));
    const summary = summariseWindow(window);
    expect(summary.signature).toHaveLength(100);
    expect(summary.services).toHaveLength(100);
    expect(summary.suspects).toHaveLength(10);
    expect(summary.evidenceOmitted).toBe(9_988);
  });

  test('says so when there is nothing in the window', () => {
    expect(summariseWindow([])).toMatchObject({
      severity: 'low',
      title: 'a window without failures',
      evidence: [],
    });
  });

  test('looks at what is beside the window, once, when suspects or evidence are asked for', () => {
    let looked = 0;
    const beside = () => {
      looked++;
      return {
        failures: new SignalBaseline(),
        latencies: new LatencyBaseline(),
        lines: new UsualLines(),
        context: [],
        knownServices: new Set<string>(),
      };
    };
    const summary = summariseWindow(storm, beside);
    expect([summary.severity, summary.signature.length, looked]).toEqual(['high', 3, 0]);
    expect([summary.suspects.length, summary.evidence.length, looked]).toEqual([3, 4, 1]);
  });

  test('does not depend on the order of arrival', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(storm, { minLength: storm.length }), (shuffled) => {
        expect(summariseWindow(shuffled)).toEqual(summariseWindow(storm));
      }),
    );
  });
});
