import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { listIncidents } from '@prodsentinel/database';
import { observedBy } from '../../services/analyzer/test/domain/observe/observed.ts';
import { after, before, upgraded } from '../../services/analyzer/test/domain/observe/two-versions.ts';
import {
  openPersisterDatabase,
  type PersisterDatabase,
} from '../../services/persister/test/persister-database.ts';

// What builds with the old and the new algorithm observe of one problem, as the persister counts it.

let persister: PersisterDatabase;
beforeAll(async () => {
  persister = await openPersisterDatabase();
});
afterAll(() => persister.close());
beforeEach(() => persister.empty());

const message = 'timeout after 20 ms';

/** Failure counts of the incidents, after these builds observed one failure each, one after the other. */
async function countsAfter(...builds: Parameters<typeof observedBy>[0][]): Promise<number[]> {
  for (const [offset, versions] of builds.entries())
    await persister.persist(observedBy(versions, [{ message, traceId: `t${offset}` }], offset));
  const { incidents } = await listIncidents(persister.database);
  return incidents.map(({ failureCount }) => failureCount).toSorted((a, b) => a - b);
}

test('a known problem keeps its incident through an upgrade, and when the previous version is removed', async () => {
  expect(await countsAfter(before, upgraded, after)).toEqual([3]);
});

test('builds side by side, and a step back, feed one incident', async () => {
  expect(await countsAfter(upgraded, before, upgraded, before)).toEqual([4]);
});

test('without the previous version the same problem would be another incident', async () => {
  expect(await countsAfter(before, after)).toEqual([1, 1]);
});
