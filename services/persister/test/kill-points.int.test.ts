import type { ChildProcess } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openDatabase, readTotals, type Database } from '@prodsentinel/database';
import type { Producer } from '@prodsentinel/messaging';
import { fingerprint, observationOf, windowOf } from './observations.ts';
import { openPersisterDatabase, type PersisterDatabase } from './persister-database.ts';
import { end, PersisterCluster } from './persister-process.ts';

// The points are triggers that wait for a lock of the test: the persister itself knows nothing of being tested.
const points = {
  'while counting offsets': 'after insert on counted_blocks for each statement',
  'after the fingerprints': 'after insert on incident_fingerprints for each statement',
  'after the traces': 'after insert on traces for each statement',
  'after the incidents': 'after insert on incidents for each statement',
  'at the commit, which then succeeds unheard, before the offset commit':
    'after insert on incident_events deferrable initially deferred for each row',
  'while a request is frozen': `before update on analysis_requests for each row when (new.state = 'frozen')`,
  'when a request is published and not yet marked': `before update on analysis_requests for each row when (new.state = 'published')`,
};
const quickPoints = [
  'while counting offsets',
  'at the commit, which then succeeds unheard, before the offset commit',
  'when a request is published and not yet marked',
] as const;
const lock = 4_242;

let persister: PersisterDatabase;
let holder: Database;
let cluster: PersisterCluster;
let producer: Producer;
beforeEach(async () => {
  persister = await openPersisterDatabase();
  holder = await openDatabase({
    url: persister.url,
    applicationName: 'holder',
    idleInTransactionTimeoutMs: 120_000,
  });
  await persister.rows(`create function hold() returns trigger language plpgsql as
    'begin perform pg_advisory_xact_lock_shared(${lock}); return new; end'`);
  cluster = new PersisterCluster(persister.url);
  producer = await cluster.setUp();
}, 60_000);
afterEach(async () => {
  await cluster.close();
  await holder.close();
  await persister.close();
}, 60_000);

/** Twenty failures of four problems that were not there before. */
function observe(round: number): Promise<void> {
  return producer.send(
    Array.from({ length: 20 }, (_, n) => {
      const problem = fingerprint(100 * round + (n % 4));
      const offset = 20 * round + n;
      return {
        topic: 'observations' as const,
        key: `production/${problem}`,
        value: observationOf([windowOf(`t${offset}`, [offset])], { fingerprint: problem }),
      };
    }),
  );
}

async function killAt(point: keyof typeof points, round: number, members: number): Promise<void> {
  const table = /on (\w+)/.exec(points[point])?.[1] ?? '';
  const kind = points[point].includes('deferrable') ? 'constraint trigger' : 'trigger';
  await persister.rows(`create ${kind} hold ${points[point]} execute function hold()`);
  const children: ChildProcess[] = [];
  for (let n = 0; n < members; n++) children.push(await cluster.start({ LOG_LEVEL: 'silent' }));
  await holder.transaction(async (session) => {
    await session.query('select pg_advisory_xact_lock($1)', [lock]);
    await observe(round);
    while (!(await isHeld())) await persister.rows('select pg_sleep(0.02)');
    // Of three, one lives on.
    for (const child of children.slice(0, Math.max(1, members - 1))) await end(child, 'SIGKILL');
  });
  await persister.rows(`drop trigger hold on ${table}`);
  for (const child of children) await end(child, 'SIGKILL');
}

async function isHeld(): Promise<boolean> {
  const rows = await persister.rows(
    `select 1 from pg_stat_activity where datname = current_database() and wait_event = 'advisory'`,
  );
  return rows.length > 0;
}

/** What a model that counts each source offset once says after so many rounds. */
async function expectCountedOnce(rounds: number): Promise<void> {
  while ((await readTotals(persister.database)).failures < 20 * rounds)
    await persister.rows('select pg_sleep(0.05)');
  while (new Set(cluster.requests.map(({ requestId }) => requestId)).size < 4 * rounds)
    await persister.rows('select pg_sleep(0.05)');
  expect(await readTotals(persister.database)).toMatchObject({
    failures: 20 * rounds,
    traces: 20 * rounds,
    incidents: 4 * rounds,
  });
  const [wrong] = await persister.rows<{ count: string }>(
    'select count(*) from incidents where failure_count <> 5 or trace_count <> 5',
  );
  expect(wrong?.count).toBe('0');
  const perIncident = Map.groupBy(cluster.requests, ({ incidentId }) => incidentId);
  for (const requests of perIncident.values())
    expect(new Set(requests.map(({ requestId }) => requestId)).size).toBe(1);
}

async function killAtEach(names: readonly (keyof typeof points)[], members: number): Promise<void> {
  for (const [round, point] of names.entries()) {
    await killAt(point, round, members);
    const child = await cluster.start({ LOG_LEVEL: 'silent' });
    await expectCountedOnce(round + 1);
    expect(await end(child, 'shutdown')).toBe(0);
  }
}

const all = Object.keys(points) as (keyof typeof points)[];
const isFull = process.env['PRODSENTINEL_TEST_FULL'] === '1';

describe('kill -9 of the persister', () => {
  test('in the transaction, before the offset commit, before a published request is marked: each failure counts once', async () => {
    await killAtEach(quickPoints, 1);
  }, 120_000);

  (isFull ? test : test.skip).each([1, 3])(
    'at every step boundary with %i members: each failure counts once (full only)',
    async (members) => {
      await killAtEach(all, members);
    },
    300_000,
  );
});
