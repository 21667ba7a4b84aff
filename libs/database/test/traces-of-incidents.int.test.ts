import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openDatabase, type Database, type SqlSession } from '../src/index.ts';
import { createTestDatabase, type TestDatabase } from '../src/testing/create-test-database.ts';

let target: TestDatabase;
let database: Database;
beforeAll(async () => {
  target = await createTestDatabase();
  database = await openDatabase({ url: target.url, applicationName: 'traces-test' });
});
afterAll(async () => {
  await database.close();
  await target.drop();
});
beforeEach(async () => {
  await database.query('delete from traces');
  await database.query('delete from incidents');
  await addIncidents(1, 2);
});

const idOf = (number: number) => `00000000-0000-7000-8000-${number.toString().padStart(12, '0')}`;

async function addIncidents(...numbers: number[]): Promise<void> {
  await database.query(
    `insert into incidents (id, environment, title, severity, observed_severity, status, services, releases, signature,
      fingerprint, fingerprint_parts, suspects, evidence, evidence_omitted, exemplar_severity, exemplar_templates,
      failure_count, trace_count, first_seen_at, last_seen_at, origin_service, opened_hour, is_overflow, created_at,
      updated_at)
    select id, 'production', 'title', 'high', 'high', 'open', '{}', '{}', '[]', '', '[]', '[]', '[]', 0, 'high', 0, 1, 1,
      now(), now(), 'shop', 1, false, now(), now() from unnest($1::uuid[]) as given(id)`,
    [numbers.map(idOf)],
  );
}

function addTraces(session: SqlSession, ...incidents: number[]): Promise<object[]> {
  return session.query(
    `insert into traces (environment, trace_id, incident_id, first_seen_at, last_seen_at, failure_count)
    select 'production', gen_random_uuid()::text, incident, now(), now(), 1 from unnest($1::uuid[]) as given(incident)`,
    [incidents.map(idOf)],
  );
}

function removeIncident(session: SqlSession, number: number): Promise<object[]> {
  return session.query('delete from incidents where id = $1', [idOf(number)]);
}

const countTraces = async () => (await database.query('select 1 from traces')).length;

async function untilSomebodyWaits(): Promise<void> {
  const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  while ((await database.query(waiting)).length === 0) await database.query('select pg_sleep(0.01)');
}

const refused = { code: 'invalid_input', cause: expect.objectContaining({ code: '23503' }) };

describe('a trace belongs to an incident that is there', () => {
  test('one row of many without an incident is refused with the whole statement', async () => {
    await addTraces(database, 1, 2, 1);
    await expect(addTraces(database, 1, 3, 2)).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('traces of 3 incidents were given, and 2 of these are there'),
    });
    expect(await countTraces()).toBe(3);
  });

  test('an incident with traces cannot be removed, one without can', async () => {
    await addTraces(database, 1);
    await expect(database.query('delete from incidents')).rejects.toMatchObject(refused);
    await removeIncident(database, 2);
    await database.query('delete from traces');
    await removeIncident(database, 1);
  });

  test.each([
    'update traces set incident_id = gen_random_uuid()',
    'update incidents set id = gen_random_uuid()',
    'truncate incidents cascade',
  ])('%s is refused', async (sql) => {
    await addTraces(database, 1);
    await expect(database.query(sql)).rejects.toMatchObject(refused);
  });

  test('who removes an incident waits for who adds traces to it, and is refused', async () => {
    const removing: Promise<unknown>[] = [];
    await database.transaction(async (session) => {
      await addTraces(session, 1);
      removing.push(expect(removeIncident(database, 1)).rejects.toMatchObject(refused));
      await untilSomebodyWaits();
    });
    await Promise.all(removing);
    expect(await countTraces()).toBe(1);
  });

  test('who adds traces to an incident waits for who removes it, and is refused', async () => {
    const adding: Promise<unknown>[] = [];
    await database.transaction(async (session) => {
      await removeIncident(session, 1);
      adding.push(expect(addTraces(database, 2, 1)).rejects.toMatchObject(refused));
      await untilSomebodyWaits();
    });
    await Promise.all(adding);
    expect(await countTraces()).toBe(0);
  });

  test.each([
    ['adding traces', (session: SqlSession) => addTraces(session, 1)],
    ['removing an incident', (session: SqlSession) => removeIncident(session, 1)],
  ])('%s where a statement does not see what others committed is refused', async (_what, change) => {
    const attempt = database.transaction(async (session) => {
      await session.query('set transaction isolation level repeatable read');
      await change(session);
    });
    await expect(attempt).rejects.toThrow('READ COMMITTED transactions only');
  });
});
