import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { emptyRecord } from '@prodsentinel/contracts';
import { listIncidents, readTotals } from '@prodsentinel/database';
import type { Producer } from '@prodsentinel/messaging';
import { fingerprint, observationOf, windowOf } from './observations.ts';
import { openPersisterDatabase, type PersisterDatabase } from './persister-database.ts';
import { end, PersisterCluster } from './persister-process.ts';

let persister: PersisterDatabase;
let cluster: PersisterCluster;
let producer: Producer;
beforeEach(async () => {
  persister = await openPersisterDatabase();
  cluster = new PersisterCluster(persister.url);
  producer = await cluster.setUp();
}, 60_000);
afterEach(async () => {
  await cluster.close();
  await persister.close();
}, 60_000);

function observe(count: number, from = 0): Promise<void> {
  return producer.send(
    Array.from({ length: count }, (_, n) => ({
      topic: 'observations' as const,
      key: `production/${fingerprint(n % 5)}`,
      value: observationOf([windowOf(`t${from + n}`, [from + n])], { fingerprint: fingerprint(n % 5) }),
    })),
  );
}

async function untilFailures(count: number): Promise<void> {
  while ((await readTotals(persister.database)).failures < count)
    await persister.rows('select pg_sleep(0.05)');
}

describe('the persister as a process', () => {
  test('turns observations into incidents, asks for their analysis, stores the answer, and leaves nothing behind', async () => {
    const child = await cluster.start();
    await observe(20);
    await cluster.untilRequests(5);
    const request = cluster.requests[0];
    if (!request) throw new Error('no request');
    const { requestId, incidentId, requestNumber } = request;
    await producer.send([
      {
        topic: 'analyses',
        key: incidentId,
        value: {
          ...emptyRecord('analyses'),
          requestId,
          incidentId,
          requestNumber,
          rootCause: 'The gateway refuses connections',
        },
      },
    ]);
    while ((await readTotals(persister.database)).analyses < 1) await persister.rows('select pg_sleep(0.05)');
    expect(await readTotals(persister.database)).toMatchObject({
      failures: 20,
      traces: 20,
      incidents: 5,
      analyses: 1,
    });
    const { incidents } = await listIncidents(persister.database);
    expect(incidents.find(({ id }) => id === incidentId)?.rootCause).toBe('The gateway refuses connections');

    expect(await end(child, 'SIGTERM')).toBe(0);
    const left = await persister.rows(
      `select 1 from pg_stat_activity where application_name = 'prodsentinel-persister' and datname = current_database()`,
    );
    expect(left).toEqual([]);
  }, 60_000);

  test('killed again and again it counts each failure once, and asks about each incident once', async () => {
    const total = 400;
    const settings = { PERSIST_MAX_RECORDS: '10' };
    const sending = (async () => {
      for (let from = 0; from < total; from += 20) await observe(20, from);
    })();
    for (const share of [0.2, 0.5, 0.8]) {
      const child = await cluster.start(settings);
      await untilFailures(total * share);
      await end(child, 'SIGKILL');
    }
    await sending;
    const last = await cluster.start(settings);
    await untilFailures(total);
    await cluster.untilRequests(5);
    expect(await end(last, 'shutdown')).toBe(0);
    expect(await readTotals(persister.database)).toMatchObject({
      failures: total,
      traces: total,
      incidents: 5,
    });
    expect(new Set(cluster.requests.map(({ requestId }) => requestId)).size).toBe(5);
  }, 180_000);

  test('connections that break again and again cost nothing but time', async () => {
    const total = 200;
    const child = await cluster.start({ PERSIST_MAX_RECORDS: '5' });
    for (let from = 0; from < total; from += 20) {
      await observe(20, from);
      await persister.rows(
        `select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'prodsentinel-persister' and datname = current_database()`,
      );
    }
    await untilFailures(total);
    await cluster.untilRequests(5);
    expect(await readTotals(persister.database)).toMatchObject({
      failures: total,
      traces: total,
      incidents: 5,
    });
    expect(await end(child, 'shutdown')).toBe(0);
  }, 120_000);

  test('a database that was not migrated stops it with the code for wrong set-up', async () => {
    await persister.rows('drop table schema_migrations');
    await expect(cluster.start({ LOG_LEVEL: 'silent' })).rejects.toThrow('78');
  }, 60_000);
});
