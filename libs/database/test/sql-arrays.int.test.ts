import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openDatabase, toNumberArray, toTextArray, type Database } from '../src/index.ts';

let database: Database;
beforeAll(async () => {
  database = await openDatabase({
    url: process.env['DATABASE_URL'] ?? '',
    applicationName: 'sql-arrays-test',
    poolSize: 1,
  });
});
afterAll(() => database.close());

// What means something inside an array literal, beside what does not.
const awkward = fc.constantFrom(
  '"',
  '\\',
  '","',
  '{',
  '}',
  ',',
  ' ',
  'null',
  'NULL',
  '',
  '\n',
  "'",
  '\\"',
  'é',
  '😀',
);
const text = fc
  .array(fc.oneof(awkward, fc.string({ unit: 'grapheme' })), { maxLength: 4 })
  // PostgreSQL holds neither: whoever stores texts has removed them.
  .map((parts) => parts.join('').replaceAll('\0', '').toWellFormed());

test('texts arrive in PostgreSQL as they are', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(text, { maxLength: 6 }), async (texts) => {
      const [row] = await database.query<{ texts: string[] }>('select $1::text[] as texts', [
        toTextArray(texts),
      ]);
      expect(row?.texts).toEqual(texts);
    }),
    { numRuns: 300 },
  );
});

test('numbers arrive in PostgreSQL as they are', async () => {
  const numbers = [0, -1, Number.MAX_SAFE_INTEGER, 2 ** 31];
  const [row] = await database.query<{ numbers: string[] }>('select $1::int8[]::text[] as numbers', [
    toNumberArray(numbers),
  ]);
  expect(row?.numbers.map(Number)).toEqual(numbers);
});
