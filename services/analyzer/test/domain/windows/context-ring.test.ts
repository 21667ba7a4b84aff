import { expect, test } from '@jest/globals';
import { LatencyBaseline } from '../../../src/domain/observe/latency-baseline.ts';
import { SignalBaseline } from '../../../src/domain/observe/signal-baseline.ts';
import { summariseWindow } from '../../../src/domain/observe/summarise-window.ts';
import { UsualLines } from '../../../src/domain/observe/usual-lines.ts';
import { ContextRing, type ContextSignal } from '../../../src/domain/windows/context-ring.ts';
import { failure, taken } from '../observe/signals.ts';

const position = { partition: 0, offset: 1, appendedAtMs: 0 };
const context = (fields: Parameters<typeof failure>[0]) =>
  failure({ severityNumber: 9, severityText: 'INFO', ...fields });

function createRing(maxSignals: number) {
  const forgotten: ContextSignal[][] = [];
  const ring = new ContextRing({ maxSignals, onForgotten: (trace) => forgotten.push([...trace]) });
  return { ring, forgotten };
}

test('the trace that began longest ago is forgotten first, and handed on when it has spans', () => {
  const { ring, forgotten } = createRing(2);
  const span = { name: 'GET /', durationMicros: 5, status: 'ok' as const };
  ring.add(context({ traceId: 'aaaa', spanId: 'a1', kind: 'span', span }), position);
  ring.add(context({ traceId: 'bbbb' }), position);
  ring.add(context({ traceId: 'cccc' }), position);
  expect(ring.signals).toBe(2);
  expect(ring.ofTrace('production', 'aaaa')).toEqual([]);
  expect(ring.ofTrace('production', 'cccc')).toHaveLength(1);
  const timing = { spanId: 'a1', name: 'GET /', durationMicros: 5 };
  expect(forgotten).toEqual([[expect.objectContaining({ timing: expect.objectContaining(timing) })]]);
});

test('one endless trace, and one with endless messages, take no more room than they may', () => {
  const { ring } = createRing(1_000);
  for (let i = 0; i < 5_000; i++)
    ring.add(context({ traceId: 'aaaa', message: 'x'.repeat(100_000) }), position);
  expect(ring.signals).toBe(100);
  expect(ring.ofTrace('production', 'aaaa')[0]?.message).toHaveLength(1_024);
  ring.add(context({ traceId: null }), position);
  expect(ring.signals).toBe(100);
});

test('evidence shows warnings of the trace last and without secrets, and counts only failures as omitted', () => {
  const { ring } = createRing(100);
  for (const [severityText, message] of [
    ['WARN', 'pool is nearly empty, password=hunter2hunter2'],
    ['INFO', 'first step'],
    ['INFO', 'second step'],
    ['INFO', 'third step'],
  ] as const) {
    ring.add(context({ traceId: 't1', severityText, message }), position);
  }
  const beside = {
    failures: new SignalBaseline(),
    latencies: new LatencyBaseline(),
    lines: new UsualLines(),
    context: ring.ofTrace('production', 't1'),
    knownServices: new Set<string>(),
  };
  const signals = [taken({ message: 'no connection' })];
  const summary = summariseWindow(signals, () => beside);
  expect(summary.evidence.map(({ message }) => message)).toEqual([
    'no connection',
    'pool is nearly empty, password=[redacted:password]',
  ]);
  expect(summary.evidenceOmitted).toBe(0);
  expect(summary.fingerprint).toBe(summariseWindow(signals).fingerprint);
});
