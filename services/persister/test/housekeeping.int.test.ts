import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { changeIncidentStatus, listIncidents, showIncident } from '@prodsentinel/database';
import { createConsumer, createProducer, done, readLag, type Producer } from '@prodsentinel/messaging';
import { Registry } from 'prom-client';
import { failure, TestCluster } from '../../../libs/messaging/test/test-cluster.ts';
import { createKafkaProgress } from '../src/adapters/kafka-progress.ts';
import { keepHouse } from '../src/housekeeping.ts';
import { createMetrics } from '../src/metrics.ts';
import { removeExpired } from '../src/steps/remove-expired.ts';
import { resolveQuiet } from '../src/steps/resolve-quiet.ts';
import { Watermark } from '../src/watermark.ts';
import {
  fingerprint,
  hourMicros,
  observationOf,
  secondMicros,
  startMicros,
  windowOf,
} from './observations.ts';
import { openPersisterDatabase, type PersisterDatabase } from './persister-database.ts';

let persister: PersisterDatabase;
beforeAll(async () => {
  persister = await openPersisterDatabase();
});
afterAll(() => persister.close());
beforeEach(() => persister.empty());

const minuteMicros = 60 * secondMicros;
const dayMicros = 24 * hourMicros;

function failureAt(minutes: number, offset: number, number = 1) {
  return observationOf([windowOf(`t${offset}`, [offset], { at: startMicros + minutes * minuteMicros })], {
    fingerprint: fingerprint(number),
  });
}

async function incidentOf(number = 1) {
  const { incidents } = await listIncidents(persister.database);
  const all = await Promise.all(incidents.map(({ id }) => showIncident(persister.database, id)));
  return all.find((each) => each?.fingerprint === fingerprint(number));
}

function resolveAt(minutes: number): Promise<number> {
  const watermark = startMicros + minutes * minuteMicros;
  return resolveQuiet(persister.database, { watermark, quietTime: 30 * minuteMicros, now: watermark });
}

describe('resolving what is quiet', () => {
  test('an incident is resolved when the watermark is its quiet time past its last failure, and not before', async () => {
    await persister.persist([failureAt(0, 1)]);
    expect(await resolveAt(29)).toBe(0);
    expect(await resolveAt(45)).toBe(1);
    expect(await resolveAt(45)).toBe(0);
    expect(await incidentOf()).toMatchObject({
      status: 'resolved',
      resolvedAt: '2026-01-01T00:30:00.000000Z',
      events: expect.arrayContaining([
        expect.objectContaining({
          kind: 'status_changed',
          actor: 'persister',
          reason: 'quiet long enough',
          detail: { from: 'open', to: 'resolved', quietMs: 1_800_000 },
        }),
      ]),
    });
  });

  test('what somebody works on is resolved too, and fails again as a regression', async () => {
    await persister.persist([failureAt(0, 1)]);
    const id = (await incidentOf())?.id ?? '';
    await changeIncidentStatus(persister.database, { id, to: 'investigating', actor: 'grace', nowMs: 1 });
    expect(await resolveAt(30)).toBe(1);
    await persister.persist([failureAt(40, 2)]);
    expect(await incidentOf()).toMatchObject({ id, status: 'open', failureCount: 2 });
    expect(await resolveAt(69)).toBe(0);
    expect(await resolveAt(70)).toBe(1);
  });
});

describe('a backlog', () => {
  const cluster = new TestCluster();
  let producer: Producer;
  beforeAll(async () => {
    await cluster.setUp();
    const { connection, codec } = cluster;
    producer = createProducer({ connection, codec, topics: ['failures', 'observations'] });
    await producer.start(new AbortController().signal);
  }, 60_000);
  afterAll(async () => {
    await producer.stop();
    await cluster.close();
  });

  /** Lets a group finish what its topic holds. */
  async function finish(groupId: string, topic: 'failures' | 'observations'): Promise<void> {
    const { connection, codec } = cluster;
    const consumer = createConsumer({
      connection,
      codec,
      groupId,
      topics: [topic],
      handler: { mode: 'record', concurrency: 1, handle: async () => done },
    });
    await consumer.start(new AbortController().signal);
    while ((await readLag(connection, groupId, [topic])) > 0) await persister.rows('select pg_sleep(0.05)');
    await consumer.stop();
  }

  test('of observe or of persist never resolves an incident, whatever the clock says', async () => {
    await persister.persist([failureAt(0, 1)]);
    await producer.send([failure('a', '1'), failure('b', '2'), failure('c', '3')]);
    await producer.send([{ topic: 'observations', key: 'k', value: failureAt(25, 2) }]);
    const watermark = new Watermark(createKafkaProgress(cluster.connection, 0));
    const metrics = createMetrics(new Registry());
    const round = async () => {
      // A day ahead: the wall clock alone would resolve at once.
      await keepHouse(persister.database, { watermark, metrics, nowMs: Date.now() + 86_400_000 }, rules);
      return (await incidentOf())?.status;
    };
    const rules = {
      resolveAfterMs: 1_800_000,
      closeAfterMs: 1e12,
      regressionGraceMs: 120_000,
      removeAfterMs: 1e12,
      countedRetentionMs: 1e12,
    };
    expect(await round()).toBe('open');
    await finish('prodsentinel-observe', 'failures');
    expect(await round()).toBe('open');
    // More arrives for observe: the mark that was set before stays good.
    await producer.send([failure('d', '1')]);
    expect(await round()).toBe('open');
    await finish('prodsentinel-persist', 'observations');
    expect(await round()).toBe('resolved');
  }, 60_000);
});

const fiveOf = (number: number) => [0, 1, 2, 3, 4].map((n) => failureAt(0, number * 10 + n, number));

const count = async (table: string) =>
  Number((await persister.rows<{ count: string }>(`select count(*) from ${table}`))[0]?.count);

function remove(days: { closed: number; counted: number }) {
  return removeExpired(persister.database, {
    closedBefore: startMicros + days.closed * dayMicros,
    countedBefore: startMicros + days.counted * dayMicros,
    batchRows: 2,
    maxBatches: 50,
  });
}

async function close(number: number): Promise<void> {
  const id = (await incidentOf(number))?.id ?? '';
  await changeIncidentStatus(persister.database, {
    id,
    to: 'closed',
    actor: 'grace',
    nowMs: startMicros / 1000,
  });
}

describe('retention', () => {
  test('removes closed incidents with all that is theirs, in small batches, and nothing that is open', async () => {
    await persister.persist([...fiveOf(1), ...fiveOf(2), ...fiveOf(3)]);
    await close(1);
    await persister.rows(
      `update incidents set status = 'resolved', resolved_at = '2026-01-01' where fingerprint = $1`,
      [fingerprint(3)],
    );
    expect(await remove({ closed: 1, counted: 0 })).toEqual({ incidents: 1, countedRows: 0 });
    expect(await remove({ closed: 1000, counted: 0 })).toEqual({ incidents: 0, countedRows: 0 });
    expect([await incidentOf(1), (await incidentOf(2))?.status, (await incidentOf(3))?.status]).toEqual([
      undefined,
      'open',
      'resolved',
    ]);
    expect(await count('traces')).toBe(10);
    expect(await count('analysis_requests')).toBe(2);
    expect(await count('incident_fingerprints')).toBe(2);
  });

  test('what was removed does not come back when its failures are sent again', async () => {
    await persister.persist([failureAt(0, 1)]);
    await close(1);
    await remove({ closed: 1, counted: 0 });
    expect(await count('incidents')).toBe(0);
    expect(await persister.persist([failureAt(0, 1)])).toBe(0);
    expect([await count('incidents'), await count('traces')]).toEqual([0, 0]);
  });

  test('a successor outlives its predecessor', async () => {
    await persister.persist([failureAt(0, 1)]);
    await close(1);
    await persister.persist([failureAt(60, 2)]);
    await remove({ closed: 1, counted: 0 });
    expect(await incidentOf()).toMatchObject({ status: 'open', failureCount: 1, succeedsId: null });
    await persister.persist([failureAt(61, 3)]);
    expect(await incidentOf()).toMatchObject({ failureCount: 2 });
  });

  test('forgets what was counted by the age of the failures, in all partitions', async () => {
    for (const partition of [0, 3, 7])
      for (const hours of [0, 1, 2, 48]) {
        const at = startMicros + hours * hourMicros;
        await persister.persist([observationOf([windowOf('t', [hours], { partition, at })])]);
      }
    expect(await remove({ closed: 0, counted: 1 })).toMatchObject({ countedRows: 9 });
    expect(await count('counted_blocks')).toBe(3);
    expect(await incidentOf()).toMatchObject({ failureCount: 12, status: 'open' });
  });
});
