import { describe, expect, test } from '@jest/globals';
import type { FailureSignal } from '@prodsentinel/contracts';
import type { IncomingRecord } from '@prodsentinel/messaging';
import { silentSuspects } from '../../../src/domain/observe/silent-suspects.ts';
import { linesOf } from '../../../src/domain/observe/span-lines.ts';
import type { SpanTiming } from '../../../src/domain/observe/span-timing.ts';
import { summariseWindow } from '../../../src/domain/observe/summarise-window.ts';
import { UsualLines, type SpanLine } from '../../../src/domain/observe/usual-lines.ts';
import { ContextRing } from '../../../src/domain/windows/context-ring.ts';
import type { ClosedWindow } from '../../../src/domain/windows/window.ts';
import { RecentPast } from '../../../src/observe/recent-past.ts';
import { failure, taken } from './signals.ts';

const span = (service: string, spanId: string): SpanTiming => ({
  environment: 'production',
  service,
  name: 'GET /',
  spanId,
  parentSpanId: '',
  durationMicros: 1_000,
});
const line = (service: string, spanId: string, template: string): SpanLine => ({ service, spanId, template });

/** So many requests through two services, of which `silent` logs its last line no more. */
function requests(count: number, silent?: string) {
  const ids = Array.from({ length: count }, (_, i) => `s${i}`);
  const services = ['route', 'price'];
  return {
    spans: ids.flatMap((id) => services.map((service) => span(service, id))),
    lines: ids.flatMap((id) =>
      services.flatMap((service) => [
        line(service, id, 'asked'),
        ...(service === silent ? [] : [line(service, id, 'answered')]),
      ]),
    ),
  };
}

function usualOf(...times: { spans: SpanTiming[]; lines: SpanLine[] }[]): UsualLines {
  const usual = new UsualLines();
  for (const { spans, lines } of times) usual.learn(spans, lines);
  return usual;
}

describe('silent services', () => {
  test('are those of whose spans a usual line is missing', () => {
    const { spans, lines } = requests(20, 'route');
    expect(silentSuspects(spans, lines, usualOf(requests(50)))).toEqual([
      {
        service: 'route',
        template: 'silent: answered',
        score: 1,
        why: 'logged in 0 of 20 spans of GET /, usually in 100 %',
      },
    ]);
  });

  test('are none when all is as usual, when the requests are fewer, or when nothing is known', () => {
    const { spans, lines } = requests(20);
    expect(silentSuspects(spans, lines, usualOf(requests(50)))).toEqual([]);
    const few = requests(2);
    expect(silentSuspects(few.spans, few.lines, usualOf(requests(50)))).toEqual([]);
    const silent = requests(20, 'route');
    expect(silentSuspects(silent.spans, silent.lines, usualOf())).toEqual([]);
    expect(silentSuspects(silent.spans, silent.lines, usualOf(requests(2)))).toEqual([]);
  });

  test('are not those whose line is seldom there anyway', () => {
    const usual = usualOf(requests(20, 'route'), requests(1));
    const { spans, lines } = requests(20, 'route');
    expect(silentSuspects(spans, lines, usual)).toEqual([]);
  });

  test('weigh less with less to go by', () => {
    const usual = usualOf(requests(50));
    const scoreOf = (count: number) => {
      const { spans, lines } = requests(count, 'price');
      return silentSuspects(spans, lines, usual)[0]?.score ?? 0;
    };
    expect(scoreOf(1)).toBeLessThan(scoreOf(3));
    expect(scoreOf(3)).toBeLessThan(scoreOf(30));
  });
});

test('what is usual fades, and is bounded however many operations and lines there are', () => {
  const usual = usualOf(requests(600), requests(600, 'route'), requests(600, 'route'));
  const route = usual.of('production\0route\0GET /');
  expect(route?.spans).toBeLessThanOrEqual(1_000);
  expect((route?.lines.get('answered') ?? 0) / (route?.spans ?? 0)).toBeLessThan(0.3);
  for (let i = 0; i < 3_000; i++)
    usual.learn(
      [span(`service-${i}`, 's')],
      Array.from({ length: 100 }, (_, n) => line(`service-${i}`, 's', `line ${n}`)),
    );
  expect(usual.of('production\0service-0\0GET /')).toBeUndefined();
  expect(usual.of('production\0service-2999\0GET /')?.lines.size).toBe(50);
});

test('lines are those that were logged inside of spans, masked and without secrets', () => {
  const ring = new ContextRing({ maxSignals: 10, onForgotten: () => undefined });
  const position = { partition: 0, offset: 1, appendedAtMs: 0 };
  const context = { severityNumber: 9, severityText: 'INFO', traceId: 'aaaa' };
  ring.add(failure({ ...context, spanId: 'b1', message: 'order 5 with password=hunter2hunter2' }), position);
  ring.add(failure({ ...context, spanId: null, message: 'outside' }), position);
  expect(linesOf(ring.ofTrace('production', 'aaaa'), new Set())).toEqual([
    { service: 'checkout', spanId: 'b1', template: 'order <*> with password=[redacted:password]' },
  ]);
});

test('the stage learns what is usual from traces that it forgets, and suspects who is silent in one that failed', () => {
  const past = new RecentPast({ maxContextSignals: 10, knownServices: new Set() });
  const add = (value: FailureSignal, offset: number) =>
    past.addContext({ value, partition: 0, offset, timestampMs: 0 } as IncomingRecord<'failures'>);
  const context = { severityNumber: 9, severityText: 'INFO', service: 'route' };
  const handling = { kind: 'span', span: { name: 'GET /', durationMicros: 5, status: 'ok' } } as const;
  for (let i = 0; i < 2_000; i++) {
    const trace = { ...context, traceId: `trace-${i}`, spanId: `span-${i}` };
    add(failure({ ...trace, ...handling }), 2 * i);
    add(failure({ ...trace, message: `found route ${i}` }), 2 * i + 1);
  }
  add(failure({ ...context, traceId: 'trace-x', spanId: 'span-x', ...handling }), 5_000);
  const signals = [taken({ service: 'travel', traceId: 'trace-x', message: 'no answer of route' })];
  const window = { environment: 'production', traceId: 'trace-x' } as ClosedWindow;
  const { suspects } = summariseWindow(signals, () => past.around(window));
  expect(suspects.map(({ service, template }) => [service, template])).toContainEqual([
    'route',
    'silent: found route <*>',
  ]);
});
