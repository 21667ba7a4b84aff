import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { HeldRequests } from '../../src/diagnose/held-requests.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

function open(max = 10) {
  const errors: unknown[] = [];
  return { held: new HeldRequests(max, (error) => errors.push(error)), errors };
}

test('a request is looked at when the lease ends, and again for as long as it has to wait', async () => {
  const { held } = open();
  const waits = [500, 500, undefined];
  let looks = 0;
  expect(held.hold(1_000, async () => waits[looks++])).toBe(true);
  await jest.advanceTimersByTimeAsync(999);
  expect(looks).toBe(0);
  await jest.advanceTimersByTimeAsync(60_000);
  expect(looks).toBe(3);
});

test('the bound holds: who is one too many is turned away, and there is room again when one is finished', async () => {
  const { held } = open(2);
  const hold = () => held.hold(100, async () => undefined);
  expect([hold(), hold(), hold()]).toEqual([true, true, false]);
  await jest.advanceTimersByTimeAsync(1_000);
  expect(hold()).toBe(true);
});

test('one that is being looked at keeps its place', async () => {
  const { held } = open(1);
  const looking = Promise.withResolvers<undefined>();
  held.hold(100, () => looking.promise);
  await jest.advanceTimersByTimeAsync(1_000);
  expect(held.hold(100, async () => undefined)).toBe(false);
  looking.resolve(undefined);
  await jest.advanceTimersByTimeAsync(1_000);
  expect(held.hold(100, async () => undefined)).toBe(true);
});

test('an error is told, and the request is looked at again later and later', async () => {
  const { held, errors } = open();
  let looks = 0;
  held.hold(0, async () => {
    looks += 1;
    if (looks < 4) throw new Error(`look ${looks}`);
    return undefined;
  });
  await jest.advanceTimersByTimeAsync(60_000);
  expect([looks, errors.map(String)]).toEqual([4, ['Error: look 1', 'Error: look 2', 'Error: look 3']]);
});

test('nothing is looked at in a tight circle', async () => {
  const { held } = open();
  let looks = 0;
  held.hold(0, async () => {
    looks += 1;
    return 0;
  });
  await jest.advanceTimersByTimeAsync(1_000);
  expect(looks).toBeLessThanOrEqual(20);
  await held.stop();
});

test('stopping forgets what waits, waits for what is being looked at, and takes nothing more', async () => {
  const { held } = open();
  let looks = 0;
  const looking = Promise.withResolvers<number>();
  held.hold(10, () => {
    looks += 1;
    return looking.promise;
  });
  held.hold(60_000, async () => {
    looks += 1;
    return undefined;
  });
  await jest.advanceTimersByTimeAsync(1_000);
  const stopped = held.stop();
  expect(held.hold(10, async () => undefined)).toBe(false);
  looking.resolve(10);
  await stopped;
  await jest.advanceTimersByTimeAsync(120_000);
  expect(looks).toBe(1);
});
