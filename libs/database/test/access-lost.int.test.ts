import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openDatabase, type Database } from '../src/index.ts';
import { createTestDatabase, type TestDatabase } from '../src/testing/create-test-database.ts';

let target: TestDatabase;
let name: string;
let admin: Database;
beforeEach(async () => {
  target = await createTestDatabase({ isEmpty: true });
  name = new URL(target.url).pathname.slice(1);
  admin = await openDatabase({
    url: process.env['DATABASE_URL'] ?? '',
    applicationName: 'admin',
    poolSize: 1,
  });
});
afterEach(async () => {
  await admin.close();
  await target.drop();
});

async function disconnectAll(): Promise<void> {
  await admin.query(
    `select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()`,
    [name],
  );
}

async function createRole(): Promise<{ role: string; url: string }> {
  const role = `${name}_reader`;
  await admin.query(`create role ${role} login password 'before'`);
  const url = new URL(target.url);
  url.username = role;
  url.password = 'before';
  return { role, url: url.href };
}

/** Every statement of the pool fails in the same way until it is mended. */
async function expectAway(database: Database, reason: RegExp): Promise<void> {
  await disconnectAll();
  // The first finds the connection broken, whatever happens to the next one.
  await database.query('select 1').catch(() => undefined);
  await expect(database.query('select 1')).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(reason),
  });
  await expect(database.transaction((session) => session.query('select 1'))).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(reason),
  });
}

test.each([
  [
    'accepts no connections for a while',
    () => [`alter database ${name} allow_connections false`],
    /not currently accepting connections/,
    () => [`alter database ${name} allow_connections true`],
  ],
  [
    'is away under its name for a while',
    () => [`alter database ${name} rename to ${name}_moved`],
    /lets us in no more: .*does not exist/,
    () => [`alter database ${name}_moved rename to ${name}`],
  ],
])(
  'a database that %s is unavailable, and used again without a restart',
  async (_what, away, reason, back) => {
    // Not the owner of the server: whom nothing keeps out.
    const { role, url } = await createRole();
    const database = await openDatabase({ url, applicationName: 'kept-out', poolSize: 1 });
    try {
      await disconnectAll();
      for (const sql of away()) await admin.query(sql);
      await expectAway(database, reason);
      for (const sql of back()) await admin.query(sql);
      expect(await database.query('select 1 as one')).toEqual([{ one: 1 }]);
    } finally {
      await database.close();
      await admin.query(`drop role ${role}`);
    }
  },
);

test('a role that may not log in for a while is unavailable at run time and wrong configuration at the start', async () => {
  const { role, url } = await createRole();
  const database = await openDatabase({ url, applicationName: 'kept-out', poolSize: 1 });
  try {
    await admin.query(`alter role ${role} nologin`);
    await expectAway(database, /lets us in no more: .*not permitted to log in/);
    await expect(openDatabase({ url, applicationName: 'kept-out' })).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('DATABASE_URL'),
    });
    await admin.query(`alter role ${role} login`);
    expect(await database.query('select 1 as one')).toEqual([{ one: 1 }]);
  } finally {
    await database.close();
    await admin.query(`drop role ${role}`);
  }
});
