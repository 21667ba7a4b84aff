import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { renewLease } from '../../src/diagnose/renew-lease.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('a lease is renewed at every third of its time for as long as a call takes, and not after', async () => {
  let renewals = 0;
  const lease = renewLease(async () => (renewals += 1) > 0, 3_000);
  await jest.advanceTimersByTimeAsync(10_000);
  expect(renewals).toBe(10);
  await lease.stop();
  await jest.advanceTimersByTimeAsync(10_000);
  expect(renewals).toBe(10);
});

test('a lease that is lost is not renewed again', async () => {
  let renewals = 0;
  const lease = renewLease(async () => (renewals += 1) < 2, 3_000);
  await jest.advanceTimersByTimeAsync(10_000);
  expect(renewals).toBe(2);
  await lease.stop();
});

test('whoever stops waits for a renewal that is on its way: it must not arrive after the release', async () => {
  const answered = Promise.withResolvers<boolean>();
  const lease = renewLease(() => answered.promise, 3_000);
  await jest.advanceTimersByTimeAsync(1_000);
  const happened: string[] = [];
  const stopped = lease.stop().then(() => happened.push('stopped'));
  await jest.advanceTimersByTimeAsync(1_000);
  happened.push('answered');
  answered.resolve(true);
  await stopped;
  expect(happened).toEqual(['answered', 'stopped']);
});
