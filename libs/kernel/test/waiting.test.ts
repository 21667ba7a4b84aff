import { expect, test } from '@jest/globals';
import { AppError, backoffMs, delay, untilAvailable, withDeadline } from '../src/index.ts';

test('a deadline names what did not answer', async () => {
  const never = new Promise<never>(() => undefined);
  await expect(withDeadline('the registry', 1, never)).rejects.toMatchObject({
    code: 'unavailable',
    message: 'the registry did not answer within 1 ms',
  });
});

test('a delay ends at once when it is aborted', async () => {
  const controller = new AbortController();
  const waiting = delay(60_000, controller.signal);
  controller.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
});

test('only what is unavailable is tried again', async () => {
  const { signal } = new AbortController();
  let tries = 0;
  const answer = await untilAvailable(
    async () => {
      tries += 1;
      if (tries < 3) throw new AppError('unavailable', 'not yet');
      return tries;
    },
    { signal },
  );
  expect(answer).toBe(3);
  const mismatch = new AppError('contract_mismatch', 'wrong for good');
  await expect(untilAvailable(() => Promise.reject(mismatch), { signal })).rejects.toBe(mismatch);
});

test.each([
  [1, 100],
  [2, 200],
  [3, 400],
  [50, 1_000],
])('retry %i waits between half and all of %i ms', (retry, stepMs) => {
  const options = { baseMs: 100, maxMs: 1_000 };
  expect(backoffMs(retry, { ...options, random: () => 0 })).toBe(stepMs / 2);
  expect(backoffMs(retry, { ...options, random: () => 1 })).toBe(stepMs);
});
