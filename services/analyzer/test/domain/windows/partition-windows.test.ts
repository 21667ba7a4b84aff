import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { IntakeSignal } from '../../../src/domain/observe/intake-signal.ts';
import { PartitionWindows } from '../../../src/domain/windows/partition-windows.ts';
import { maxKeptSignals } from '../../../src/domain/windows/window.ts';

const settings = {
  quietMs: 5_000,
  maxAgeMs: 15_000,
  maxOffsets: 10_000,
  maxOpenFailures: 50_000,
  maxKeptChars: 1e9,
};

function signal(
  offset: number,
  traceId: string,
  appendedAtMs = 1_000_000,
  fingerprint = 'v1:f',
): IntakeSignal {
  return {
    partition: 0,
    offset,
    appendedAtMs,
    environment: 'default',
    traceId,
    spanId: '',
    parentSpanId: '',
    service: 's',
    release: null,
    severityNumber: 17,
    severityText: 'ERROR',
    kind: 'log',
    message: 'm',
    exceptionType: null,
    stack: null,
    occurredAt: null,
    fingerprint,
    previousFingerprint: null,
    fingerprintParts: [],
    template: 't',
    problem: { type: '', message: 'm' },
    redactions: {},
  };
}

function opened(overrides: Partial<typeof settings> = {}) {
  const windows = new PartitionWindows(1, { ...settings, ...overrides }, 0);
  const feed = (offset: number, traceId: string, atMs: number, fingerprint?: string) => {
    windows.clock.read(atMs, 0);
    windows.add(signal(offset, traceId, atMs, fingerprint));
  };
  return { windows, feed };
}

test('a window closes when its trace has been quiet', () => {
  const { windows, feed } = opened();
  feed(1, 'a', 1_000_000);
  feed(2, 'a', 1_004_000);
  windows.clock.read(1_008_999, 0);
  expect(windows.takeDue()).toEqual([]);
  windows.clock.read(1_009_000, 0);
  expect(windows.takeDue()).toMatchObject([{ traceId: 'a', failures: [{ offset: 1 }, { offset: 2 }] }]);
  expect(windows.openFailures).toBe(0);
});

test('a trace that never falls quiet is closed at its maximum age', () => {
  const { windows, feed } = opened();
  for (let i = 0; i <= 15; i++) feed(i, 'a', 1_000_000 + i * 1_000);
  const closed = windows.takeDue();
  expect(closed.map(({ failures }) => failures.length)).toEqual([15]);
  expect(windows.openFailures).toBe(1);
});

test('failures without a trace are gathered by fingerprint', () => {
  const { windows, feed } = opened();
  feed(1, '', 1_000_000, 'v1:a');
  feed(2, '', 1_000_000, 'v1:b');
  feed(3, '', 1_000_000, 'v1:a');
  windows.clock.read(1_010_000, 0);
  expect(windows.takeDue().map(({ failures }) => failures.map(({ offset }) => offset))).toEqual([
    [1, 3],
    [2],
  ]);
});

test('one endless trace keeps a bounded number of signals and counts every failure', () => {
  const { windows, feed } = opened();
  for (let i = 0; i < 1_000; i++) feed(i, 'a', 1_000_000);
  const [window] = windows.takeAll();
  expect(window?.failures.length).toBe(1_000);
  expect(window?.signals.length).toBe(maxKeptSignals);
});

test('at the bound the oldest windows make room, and nothing is forgotten', () => {
  const { windows, feed } = opened({ maxOpenFailures: 10 });
  for (let i = 0; i < 11; i++) feed(i, `trace-${i}`, 1_000_000);
  expect(windows.openFailures).toBe(5);
  expect(windows.takeDue().map(({ traceId }) => traceId)).toEqual(
    [0, 1, 2, 3, 4, 5].map((i) => `trace-${i}`),
  );
});

test('however failures come, each is in exactly one window', () => {
  const failure = fc.record({
    trace: fc.integer({ min: 0, max: 5 }),
    gapMs: fc.integer({ min: -2_000, max: 7_000 }),
  });
  fc.assert(
    fc.property(
      fc.array(failure, { maxLength: 100 }),
      fc.integer({ min: 1, max: 20 }),
      (failures, maxOpenFailures) => {
        const { windows, feed } = opened({ maxOpenFailures, maxOffsets: 3 });
        let atMs = 1_000_000;
        const closed = failures.flatMap(({ trace, gapMs }, offset) => {
          atMs += gapMs;
          feed(offset, trace === 0 ? '' : `trace-${trace}`, atMs);
          return windows.takeDue();
        });
        const offsets = [...closed, ...windows.takeAll()].flatMap((window) =>
          window.failures.map(({ offset }) => offset),
        );
        expect(offsets.toSorted((a, b) => a - b)).toEqual(failures.map((_, offset) => offset));
        expect(windows.openFailures).toBe(0);
      },
    ),
  );
});
