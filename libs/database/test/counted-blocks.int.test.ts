import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { loadMigrations, migrateUp, openDatabase, type Database } from '../src/index.ts';
import { createTestDatabase, type TestDatabase } from '../src/testing/create-test-database.ts';

let target: TestDatabase;
let database: Database;
beforeEach(async () => {
  target = await createTestDatabase({ isEmpty: true });
  database = await openDatabase({ url: target.url, applicationName: 'blocks-test' });
});
afterEach(async () => {
  await database.close();
  await target.drop();
});

/** The statement with which builds before 4 begin to count. */
function countAsOlderBuild(partition: number, hour: number, offsets: string): Promise<object[]> {
  return database.query(
    `insert into counted_offsets (partition, append_hour, block, environment, trace_id, offsets)
    values ($1, $2, $3, 'production', gen_random_uuid()::text, $4) on conflict do nothing returning 1`,
    [partition, hour, 0, offsets],
  );
}

test('what older builds counted stays counted, and those that still run wait instead of counting again', async () => {
  const older = loadMigrations().filter(({ name }) => name < '0005');
  await migrateUp(target.url, { migrations: older, build: 3 });
  await countAsOlderBuild(0, 7, '{[0,3),[1022,1026)}');
  await countAsOlderBuild(0, 7, '{[5,6)}');
  await countAsOlderBuild(0, 8, '{[1,2)}');
  await countAsOlderBuild(3, 7, '{[9007199254740989,9007199254740991)}');

  expect(await migrateUp(target.url)).toContain('0005-counted-blocks');

  const counted = await database.query<{ partition: number; hour: string; offsets: string[] }>(
    `select partition, append_hour as hour, array_agg((block * 1024 + bit)::text order by bit) as offsets
    from counted_blocks, generate_series(0, 1023) as bit where get_bit(counted, bit) = 1
    group by partition, append_hour, block order by partition, append_hour, block`,
  );
  expect(counted).toEqual([
    { partition: 0, hour: '7', offsets: ['0', '1', '2', '5', '1022', '1023'] },
    { partition: 0, hour: '7', offsets: ['1024', '1025'] },
    { partition: 0, hour: '8', offsets: ['1'] },
    { partition: 3, hour: '7', offsets: ['9007199254740989', '9007199254740990'] },
  ]);
  await expect(countAsOlderBuild(0, 7, '{[1,2)}')).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('this build waits here until it is replaced'),
  });
  expect(await database.query('select 1 from counted_offsets')).toEqual([]);
});
