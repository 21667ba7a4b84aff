import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openDatabase, showIncident, type Database } from '@prodsentinel/database';
import { createTestDatabase, type TestDatabase } from '@prodsentinel/database/testing';
import { exitCodes, newId } from '@prodsentinel/kernel';
import { runCli } from './run-cli.ts';

let target: TestDatabase;
let database: Database;
beforeAll(async () => {
  target = await createTestDatabase();
  database = await openDatabase({ url: target.url, applicationName: 'cli-test' });
});
afterAll(async () => {
  await database.close();
  await target.drop();
});
beforeEach(async () => {
  for (const table of ['incident_events', 'analysis_requests', 'incidents'])
    await database.query(`delete from ${table}`);
});

async function incident(service: string, severity = 'high'): Promise<string> {
  const id = newId();
  await database.query(
    `insert into incidents values ($1, 'production', 'title', $3, $3, 'open', array[$2], '{}', '[]', '', '[]', '[]',
      '[]', 0, $3, 0, 1, 1, now(), now(), null, null, null, null, $2, 0, false, now(), now())`,
    [id, service, severity],
  );
  return id;
}

function run(...args: string[]) {
  return runCli(args, { DATABASE_URL: target.url });
}

describe('changing incidents', () => {
  test('acknowledge, resolve and close lead an incident to its end, and keep who and why', async () => {
    const id = await incident('checkout');
    for (const [verb, status] of [
      ['acknowledge', 'investigating'],
      ['resolve', 'resolved'],
      ['close', 'closed'],
    ] as const) {
      const { code, data } = await run('incidents', verb, id, '--actor', 'grace', '--reason', 'because');
      expect([code, data]).toEqual([exitCodes.ok, [`${id} ${status}`]]);
    }
    expect((await showIncident(database, id))?.events).toMatchObject(
      ['investigating', 'resolved', 'closed'].map((to) => ({
        actor: 'grace',
        reason: 'because',
        detail: { to },
      })),
    );
  });

  test('filters choose many, and each is answered on a line', async () => {
    const [first, second] = [await incident('checkout'), await incident('checkout')];
    const other = await incident('cart');
    const { data } = await run('incidents', 'resolve', '--service', 'checkout', '--json');
    expect(data.map((line) => JSON.parse(line) as unknown)).toEqual([
      { id: second, outcome: 'resolved' },
      { id: first, outcome: 'resolved' },
    ]);
    expect((await showIncident(database, other))?.status).toBe('open');
  });

  test('one that forbids it does not keep the others back, and the exit code tells', async () => {
    const [first, second] = [await incident('a'), await incident('b')];
    await run('incidents', 'close', first);
    const { code, data, messages } = await run('incidents', 'acknowledge', first, second, newId());
    expect(code).toBe(exitCodes.failed);
    expect(data).toEqual([`${second} investigating`]);
    expect(messages).toContain('is closed');
    expect(messages).toContain('2 of 3 could not be changed');
  });

  test('more than the limit is refused before anything changes, and so is no choice at all', async () => {
    const ids = [await incident('a'), await incident('a')];
    const { code, messages } = await run('incidents', 'close', '--service', 'a', '--limit', '1');
    expect(code).toBe(exitCodes.failed);
    expect(messages).toContain('more than 1 incidents match');
    expect((await showIncident(database, ids[0] ?? ''))?.status).toBe('open');
    expect((await run('incidents', 'close')).messages).toContain('at least one filter');
  });

  test('reanalyse asks now', async () => {
    const id = await incident('a');
    expect((await run('incidents', 'reanalyse', id, '--actor', 'grace')).data).toEqual([
      `${id} analysis requested`,
    ]);
    expect((await showIncident(database, id))?.requests).toMatchObject([
      { reason: 'human', state: 'pending' },
    ]);
  });

  test('migrate verify --drift names an index that somebody dropped', async () => {
    expect((await run('migrate', 'verify', '--drift')).code).toBe(exitCodes.ok);
    await database.query('drop index incidents_services_index');
    const { code, messages } = await run('migrate', 'verify', '--drift');
    expect(code).toBe(exitCodes.misconfigured);
    expect(messages).toContain('incidents_services_index is missing');
  });
});
