import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { retryConflicts } from '../src/steps/retry-conflicts.ts';
import { openPersisterDatabase, type PersisterDatabase } from './persister-database.ts';

let persister: PersisterDatabase;
beforeAll(async () => {
  persister = await openPersisterDatabase();
});
afterAll(() => persister.close());

test('two transactions that lock crosswise both succeed, one of them at its second attempt', async () => {
  let attempts = 0;
  // Each waits until the other holds its first lock, in the first round.
  const { promise: bothHold, resolve: nowBothHold } = Promise.withResolvers<void>();
  const lockCrosswise = (first: number, second: number) =>
    retryConflicts(() =>
      persister.database.transaction(async (session) => {
        await session.query('select pg_advisory_xact_lock($1)', [first]);
        attempts++;
        if (attempts === 2) nowBothHold();
        await bothHold;
        await session.query('select pg_advisory_xact_lock($1)', [second]);
        return first;
      }),
    );
  expect(await Promise.all([lockCrosswise(1, 2), lockCrosswise(2, 1)])).toEqual([1, 2]);
  expect(attempts).toBe(3);
});

test('a refused value is not tried again', async () => {
  let attempts = 0;
  const refused = retryConflicts(() => {
    attempts++;
    return persister.database.transaction((session) => session.query(`select 'x'::int`));
  });
  await expect(refused).rejects.toMatchObject({ code: 'invalid_input' });
  expect(attempts).toBe(1);
});
