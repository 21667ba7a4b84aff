import { expect, test } from '@jest/globals';
import { CircuitBreaker } from '../../../src/domain/diagnose/circuit-breaker.ts';

function breakerAfter(failures: number): CircuitBreaker {
  const breaker = new CircuitBreaker({ failuresToOpen: 3, openMs: 100, maxOpenMs: 350 });
  for (let each = 0; each < failures; each++) breaker.failed(1_000);
  return breaker;
}

test('lets calls through until so many have failed in a row, and says when to ask again', () => {
  expect(breakerAfter(2).blockedUntilMs(1_000)).toBeUndefined();
  expect(breakerAfter(3).blockedUntilMs(1_000)).toBe(1_100);
});

test('a success in between begins the count anew', () => {
  const breaker = breakerAfter(2);
  breaker.succeeded();
  breaker.failed(1_000);
  breaker.failed(1_000);
  expect(breaker.blockedUntilMs(1_000)).toBeUndefined();
});

test('after its time one probe may call, nobody beside it', () => {
  const breaker = breakerAfter(3);
  expect(breaker.blockedUntilMs(1_100)).toBeUndefined();
  expect(breaker.blockedUntilMs(1_100)).toBe(1_200);
});

test('a probe that succeeds closes it for all', () => {
  const breaker = breakerAfter(3);
  breaker.blockedUntilMs(1_100);
  breaker.succeeded();
  expect([breaker.blockedUntilMs(1_100), breaker.blockedUntilMs(1_100)]).toEqual([undefined, undefined]);
});

test('each probe that fails opens it for twice as long, up to the most', () => {
  const breaker = breakerAfter(3);
  const opened: (number | undefined)[] = [];
  let nowMs = 1_100;
  for (let probe = 0; probe < 3; probe++) {
    expect(breaker.blockedUntilMs(nowMs)).toBeUndefined();
    breaker.failed(nowMs);
    const untilMs = breaker.blockedUntilMs(nowMs)!;
    opened.push(untilMs - nowMs);
    nowMs = untilMs;
  }
  expect(opened).toEqual([200, 350, 350]);
});

test('a probe that was not made after all leaves the probing to another', () => {
  const breaker = breakerAfter(3);
  breaker.blockedUntilMs(1_100);
  breaker.abandoned();
  expect(breaker.blockedUntilMs(1_100)).toBeUndefined();
});

test('what the server itself said opens it at once, and a shorter word does not shorten it', () => {
  const breaker = breakerAfter(0);
  breaker.failed(1_000, 121_000);
  breaker.failed(1_000, 2_000);
  expect(breaker.blockedUntilMs(120_999)).toBe(121_000);
  expect(breaker.blockedUntilMs(121_000)).toBeUndefined();
});
