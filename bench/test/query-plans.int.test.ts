import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { openDatabase, type Database } from '@prodsentinel/database';
import { createTestDatabase, type TestDatabase } from '@prodsentinel/database/testing';
import { explain } from '../src/queries/plan.ts';
import { createFurtherQuestions, createQuestions } from '../src/queries/questions.ts';
import { seedDatabase } from '../src/queries/seed.ts';

jest.setTimeout(60_000);

// Enough that PostgreSQL would rather use an index than read all.
const seed = { incidents: 4_000, traces: 40_000 };

let target: TestDatabase;
let database: Database;
beforeAll(async () => {
  target = await createTestDatabase();
  database = await openDatabase({
    url: target.url,
    applicationName: 'plans-test',
    statementTimeoutMs: 60_000,
  });
  await seedDatabase(database, seed);
});
afterAll(async () => {
  await database.close();
  await target.drop();
});

test.each(Object.entries({ ...createQuestions(seed), ...createFurtherQuestions(seed) }))(
  'no table is read from end to end to answer: %s',
  async (_name, ask) => {
    const { scans, sequentialTables } = await explain(database, (session) => ask(session, 1));
    expect(scans).not.toEqual([]);
    expect(sequentialTables).toEqual([]);
  },
);
