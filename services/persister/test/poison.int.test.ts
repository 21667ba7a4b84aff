import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readTotals } from '@prodsentinel/database';
import { readLag, readTopic, type Producer } from '@prodsentinel/messaging';
import { fingerprint, observationOf, windowOf } from './observations.ts';
import { openPersisterDatabase, type PersisterDatabase } from './persister-database.ts';
import { PersisterCluster } from './persister-process.ts';

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

/** 500 in one partition, the poison at a place of its own. */
async function sendWithPoisonAt(place: number): Promise<void> {
  await producer.send(
    Array.from({ length: 500 }, (_, n) => ({
      topic: 'observations' as const,
      key: 'production/one',
      value: observationOf([windowOf(`t${n}`, [n])], {
        fingerprint: n === place ? fingerprint(666) : fingerprint(n % 5),
        ...(n === place ? { evidence: [evidence] } : {}),
      }),
    })),
  );
  await cluster.start({ PERSIST_MAX_RECORDS: '500', LOG_LEVEL: 'error' });
  while ((await readLag(cluster.connection, 'prodsentinel-persist', ['observations'])) > 0)
    await persister.rows('select pg_sleep(0.1)');
}

const evidence = {
  evidenceId: 'e',
  service: '',
  traceId: null,
  spanId: null,
  kind: 'log',
  severityText: '',
  message: 'm',
  exceptionType: null,
  stack: null,
  release: null,
  partition: 0,
  offset: 0,
  occurredAt: null,
};

// The database refuses the one incident: as a whole, or only its details.
const refuseDetails = `check (fingerprint <> '${fingerprint(666)}' or evidence = '[]')`;
const refuseAll = `check (fingerprint <> '${fingerprint(666)}')`;

const isFull = process.env['PRODSENTINEL_TEST_FULL'] === '1';
const places = isFull ? [0, 1, 249, 250, 498, 499] : [317];

describe('one poison record among 500', () => {
  test.each(places)(
    'at place %i whose details are refused: all count, and an event says so',
    async (place) => {
      await persister.rows(`alter table incidents add constraint poison ${refuseDetails}`);
      await sendWithPoisonAt(place);
      expect(await readTotals(persister.database)).toMatchObject({
        failures: 500,
        traces: 500,
        incidents: 6,
      });
      expect(await persister.rows(`select kind, reason from incident_events where kind = 'reduced'`)).toEqual(
        [{ kind: 'reduced', reason: 'only the counts of an observation could be stored' }],
      );
      expect(await readTopic(cluster.connection, 'observations.dlq', { maxRecords: 10 })).toEqual([]);
    },
    60_000,
  );

  test.each(places)(
    'at place %i that is refused altogether: 499 count, one dead letter says why',
    async (place) => {
      await persister.rows(`alter table incidents add constraint poison ${refuseAll}`);
      await sendWithPoisonAt(place);
      expect(await readTotals(persister.database)).toMatchObject({
        failures: 499,
        traces: 499,
        incidents: 5,
      });
      const letters = await readTopic(cluster.connection, 'observations.dlq', { maxRecords: 10 });
      expect(letters).toHaveLength(1);
      expect(letters[0]?.headers).toMatchObject({
        '__dlq.errors.offset': String(place),
        '__dlq.errors.message': expect.stringContaining('violates check constraint "poison"'),
      });
    },
    60_000,
  );
});
