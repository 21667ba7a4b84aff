import { describe, expect, test } from '@jest/globals';
import { DecayingCounts } from '../../../src/domain/observe/decaying-counts.ts';
import { LatencyBaseline } from '../../../src/domain/observe/latency-baseline.ts';
import { primaryOf } from '../../../src/domain/observe/primary-fingerprint.ts';
import { SignalBaseline } from '../../../src/domain/observe/signal-baseline.ts';
import { groupSignals } from '../../../src/domain/observe/signal-groups.ts';
import { slowSuspects } from '../../../src/domain/observe/slow-suspects.ts';
import type { SpanTiming } from '../../../src/domain/observe/span-timing.ts';
import { rankSuspects } from '../../../src/domain/observe/suspects.ts';
import { taken } from './signals.ts';

describe('counts that fade', () => {
  test('weigh half after each half-life, and never more because time went back', () => {
    const counts = new DecayingCounts({ halfLifeMs: 1_000, maxNames: 10 });
    counts.add('a', 0, 8);
    expect(counts.weightOf('a', 2_000)).toBeCloseTo(2);
    expect(counts.totalWeight(1_000)).toBeCloseTo(4);
    counts.add('a', 3_000, 1);
    expect(counts.weightOf('a', 0)).toBeCloseTo(2);
  });

  test('keep no more names than they may, and forget the one that was counted longest ago', () => {
    const counts = new DecayingCounts({ halfLifeMs: 1_000, maxNames: 2 });
    for (const name of ['a', 'b', 'a', 'c']) counts.add(name, 0);
    expect(counts.names).toBe(2);
    expect(counts.weightOf('a', 0)).toBe(2);
    expect(counts.weightOf('b', 0)).toBe(0);
  });
});

describe('the ranking against a baseline', () => {
  const usual = { service: 'checkout', message: 'coupon was refused' };
  const rare = { service: 'pricing', message: 'table of prices is empty' };
  const signals = [taken(usual), taken(usual), taken(rare)];
  const groups = groupSignals(signals);
  const rank = (baseline: SignalBaseline) =>
    rankSuspects(groups, primaryOf(groups), { baseline, records: 20, atMs: 0 }).map(({ suspect }) => suspect);

  test('puts what is new before what fails all day, although the latter came first and more often', () => {
    const baseline = new SignalBaseline();
    for (let i = 0; i < 100; i++) baseline.learn(signals[0]!, 0);
    baseline.learnContext(900, 0);
    expect(rank(baseline).map(({ service }) => service)).toEqual(['pricing', 'checkout']);
  });

  test('is the ranking without one while nothing is known', () => {
    const plain = rankSuspects(groups, primaryOf(groups)).map(({ suspect }) => suspect);
    expect(rank(new SignalBaseline())).toEqual(plain);
  });

  test('forgets: what failed all day yesterday is new again today', () => {
    const baseline = new SignalBaseline();
    const entry = { environment: 'production', service: 'checkout', template: 'coupon was refused' };
    for (let i = 0; i < 100; i++) baseline.learn(entry, 0);
    const tomorrow = 24 * 60 * 60 * 1000;
    baseline.learnContext(1_000, tomorrow);
    const sighting = { count: 2, records: 20 };
    expect(baseline.surpriseOf(entry, { ...sighting, atMs: 0 })).toBe(0);
    expect(baseline.surpriseOf(entry, { ...sighting, atMs: tomorrow })).toBeGreaterThan(3);
  });
});

const span = (service: string, id: string, fields: Partial<SpanTiming> = {}): SpanTiming => ({
  environment: 'production',
  service,
  name: 'GET /',
  spanId: `${service}${id}`,
  parentSpanId: '',
  durationMicros: 1_000,
  ...fields,
});

describe('slow services', () => {
  const services = ['gateway', 'checkout', 'pricing', 'payments'];
  const ids = ['1', '2', '3', '4'];
  const all = (fields: (service: string) => Partial<SpanTiming>) =>
    ids.flatMap((id) => services.map((service) => span(service, id, fields(service))));
  const baseline = new LatencyBaseline();
  baseline.learn(all(() => ({})));

  test('are those whose own spans took longer than usual, not the callers that waited for them', () => {
    const spans = ids.flatMap((id) => [
      span('gateway', id, { durationMicros: 11_000 }),
      span('checkout', id),
      span('pricing', id, { durationMicros: 10_000, parentSpanId: `gateway${id}` }),
    ]);
    const suspects = slowSuspects([...spans, ...spans], baseline);
    expect(suspects).toEqual([
      { service: 'pricing', template: 'slow: GET /', score: 1, why: expect.stringContaining('10.0 times') },
    ]);
  });

  test('are none when everything is slow alike', () => {
    expect(
      slowSuspects(
        all(() => ({ durationMicros: 8_000 })),
        baseline,
      ),
    ).toEqual([]);
  });

  test('are none by one slow span, or by an operation that was never seen', () => {
    const once = [
      ...all(() => ({})).slice(0, 8),
      span('pricing', '9', { durationMicros: 90_000, name: 'new' }),
    ];
    expect(slowSuspects(once, baseline)).toEqual([]);
  });
});
