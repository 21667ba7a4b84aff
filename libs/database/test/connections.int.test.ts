import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AppError } from '@prodsentinel/kernel';
import { openDatabase, type Database } from '../src/index.ts';
import { createTestDatabase, type TestDatabase } from '../src/testing/create-test-database.ts';

let target: TestDatabase;
let observer: Database;
beforeAll(async () => {
  target = await createTestDatabase();
  observer = await openDatabase({ url: target.url, applicationName: 'observer', poolSize: 1 });
});
afterAll(async () => {
  await observer.close();
  await target.drop();
});

async function connectionsOf(applicationName: string): Promise<number> {
  const [row] = await observer.query<{ count: number }>(
    'select count(*)::int as count from pg_stat_activity where application_name = $1',
    [applicationName],
  );
  return row?.count ?? -1;
}

/** A backend needs a moment to notice that its client has said goodbye. */
async function untilNone(applicationName: string): Promise<number> {
  for (let looks = 0; looks < 1000; looks++) if ((await connectionsOf(applicationName)) === 0) return 0;
  return connectionsOf(applicationName);
}

describe('connections', () => {
  test('there are never more than the pool holds, and none is left after close', async () => {
    const database = await openDatabase({ url: target.url, applicationName: 'sized', poolSize: 3 });
    const seen = await Promise.all(
      Array.from({ length: 12 }, () =>
        database.transaction(async (session) => {
          await session.query('select pg_sleep(0.01)');
          return connectionsOf('sized');
        }),
      ),
    );
    expect(Math.max(...seen)).toBe(3);
    await database.close();
    expect(await untilNone('sized')).toBe(0);
  });

  test('a transaction that fails is rolled back and gives its connection back', async () => {
    const database = await openDatabase({ url: target.url, applicationName: 'failing', poolSize: 1 });
    try {
      await database.query('create table if not exists proof (id int primary key)');
      const failing = database.transaction(async (session) => {
        await session.query('insert into proof values (1)');
        await session.query('insert into proof values (1)');
      });
      await expect(failing).rejects.toMatchObject({ code: 'invalid_input' });
      const refusing = database.transaction(async (session) => {
        await session.query('insert into proof values (2)');
        throw new AppError('conflict', 'changed my mind');
      });
      await expect(refusing).rejects.toMatchObject({ code: 'conflict' });
      expect(await database.query('select * from proof')).toEqual([]);
    } finally {
      await database.close();
    }
  });

  test('a connection that is killed in a transaction is unavailable, and the pool goes on', async () => {
    const database = await openDatabase({ url: target.url, applicationName: 'killed', poolSize: 1 });
    try {
      const killed = database.transaction(async (session) => {
        const [self] = await session.query<{ pid: number }>('select pg_backend_pid() as pid');
        await observer.query('select pg_terminate_backend($1)', [self?.pid]);
        await session.query('select 1');
      });
      await expect(killed).rejects.toMatchObject({ code: 'unavailable' });
      expect(await database.query('select 1 as one')).toEqual([{ one: 1 }]);
    } finally {
      await database.close();
    }
  });

  test.each([
    ['a statement that takes too long', { statementTimeoutMs: 50 }, 'select pg_sleep(10)'],
    ['a lock that is not granted', { lockTimeoutMs: 50 }, 'select pg_advisory_xact_lock(4711)'],
  ])('%s ends by itself and may be tried again', async (_what, timeouts, sql) => {
    const database = await openDatabase({
      url: target.url,
      applicationName: 'slow',
      poolSize: 1,
      ...timeouts,
    });
    try {
      await observer.transaction(async (session) => {
        await session.query('select pg_advisory_xact_lock(4711)');
        await expect(database.transaction((slow) => slow.query(sql))).rejects.toMatchObject({
          code: 'unavailable',
        });
      });
    } finally {
      await database.close();
    }
  });

  test.each([
    ['a URL of something else', 'mysql://localhost/x', 'configuration'],
    ['a URL without a database', 'postgresql://localhost', 'configuration'],
    ['a server that is not there', 'postgresql://127.0.0.1:1/x', 'unavailable'],
  ])('%s is refused by name', async (_what, url, code) => {
    await expect(openDatabase({ url, applicationName: 'refused' })).rejects.toMatchObject({ code });
  });

  test('a database that does not exist is a wrong setting', async () => {
    const url = new URL(target.url);
    url.pathname = '/nowhere_at_all';
    await expect(openDatabase({ url: url.href, applicationName: 'refused' })).rejects.toMatchObject({
      code: 'configuration',
    });
  });

  test('a wrong statement is a bug, not bad weather', async () => {
    await expect(observer.query('select * from nowhere')).rejects.toMatchObject({ code: 'bug' });
  });
});
