import { describe, expect, test } from '@jest/globals';
import { avroTypeOf, parseFailureSignal, type FailureSignal } from '@prodsentinel/contracts';
import { faultNames, faults } from '../src/shop/faults.ts';
import { shopTraffic, type ShopTraffic } from '../src/shop/traffic.ts';

const startMicros = 1_700_000_000_000_000;

describe('the shop', () => {
  test('does the same again with the same seed, and something else with another', () => {
    expect(play(20, 200)).toEqual(play(20, 200));
    expect(play(21, 200)).not.toEqual(play(20, 200));
  });

  test.each([1, 20, 4_294_967_295])('meets each fault in the first hundred requests with seed %d', (seed) => {
    expect(new Set(play(seed, 100).map(({ fault }) => fault))).toEqual(new Set([undefined, ...faultNames]));
  });

  test('fails first where the fault is, then in each service above it, each with a span of its own', () => {
    for (const { fault, signals, traceId } of play(20, 300)) {
      const failures = signals.filter(isFailure);
      if (!fault) {
        expect(failures).toEqual([]);
        continue;
      }
      expect(failures.map(({ service }) => service)).toEqual([faults[fault].service, 'checkout', 'gateway']);
      expect(failures.map(({ parentSpanId }) => parentSpanId)).toEqual([
        failures[1]?.spanId,
        failures[2]?.spanId,
        null,
      ]);
      expect(failures[0]?.exception?.type).not.toBe('UpstreamError');
      expect(new Set(signals.map((each) => each.traceId))).toEqual(new Set([traceId]));
      const times = failures.map(({ occurredAt }) => occurredAt ?? 0);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    }
  });

  test('brings the null dereference with release 2.4.0 of pricing, never before', () => {
    const pricing = play(20, 300).flatMap(({ signals }) =>
      signals.filter(({ service }) => service === 'pricing'),
    );
    expect(new Set(pricing.map(({ release }) => release))).toEqual(new Set(['2.3.9', '2.4.0']));
    expect(new Set(pricing.filter(isFailure).map(({ release }) => release))).toEqual(new Set(['2.4.0']));
  });

  test('sends half of its failures over HTTP, half straight to Kafka, there a few as plain JSON', () => {
    const failing = play(20, 600).filter(({ fault }) => fault);
    const share = (route: string) => failing.filter((each) => each.route === route).length / failing.length;
    expect(share('http')).toBeCloseTo(0.5, 1);
    expect(share('json')).toBeGreaterThan(0.02);
    expect(share('json')).toBeLessThan(0.2);
  });

  test('gives every signal an id of its own, W3C ids, and messages that vary', () => {
    const signals = play(20, 600).flatMap((each) => each.signals);
    expect(new Set(signals.map(({ signalId }) => signalId)).size).toBe(signals.length);
    for (const { traceId, spanId } of signals) {
      expect(traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(spanId).toMatch(/^[0-9a-f]{16}$/);
    }
    const poolMessages = signals.filter(({ exception }) => exception?.type === 'PoolExhaustedError');
    expect(new Set(poolMessages.map(({ message }) => message)).size).toBeGreaterThan(poolMessages.length / 2);
  });

  test('writes signals of the schema, as Avro and as JSON', () => {
    for (const signal of play(20, 50).flatMap((each) => each.signals)) {
      expect(avroTypeOf('failures').isValid(signal)).toBe(true);
      expect(parseFailureSignal(JSON.parse(JSON.stringify(signal)))).toEqual(signal);
    }
  });
});

function play(seed: number, requests: number): ShopTraffic[] {
  const traffic = shopTraffic(seed, () => startMicros);
  return Array.from({ length: requests }, () => traffic.next().value);
}

function isFailure({ severityNumber }: FailureSignal): boolean {
  return severityNumber >= 17;
}
