import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readTotals } from '@prodsentinel/database';
import { fingerprint, observationOf, windowOf } from './observations.ts';
import { openPersisterDatabase, type PersisterDatabase } from './persister-database.ts';
import { end, PersisterCluster } from './persister-process.ts';

const inFull = process.env['PRODSENTINEL_TEST_FULL'] === '1' ? test : test.skip;
const total = 20_000;
const otherProblems = 20;

let persister: PersisterDatabase;
let cluster: PersisterCluster;
beforeEach(async () => {
  persister = await openPersisterDatabase();
  cluster = new PersisterCluster(persister.url);
}, 60_000);
afterEach(async () => {
  await cluster.close();
  await persister.close();
}, 60_000);

/** Nine of ten are of one problem, on all partitions: keys are the sender's, and nothing may depend on them. */
function eventAt(offset: number) {
  const problem = offset % 10 === 0 ? 1 + ((offset / 10) % otherProblems) : 0;
  return {
    topic: 'observations' as const,
    key: `k${offset % 60}`,
    // Each trace fails twice, so that members meet at traces too.
    value: observationOf([windowOf(`t${Math.floor(offset / 20)}/${problem}`, [offset])], {
      fingerprint: fingerprint(problem),
    }),
  };
}

const events = Array.from({ length: total }, (_, offset) => eventAt(offset));

inFull(
  'three members with nine tenths of the events for one incident: no deadlock, and counts are exact (full only)',
  async () => {
    const producer = await cluster.setUp({ partitions: 6 });
    const settings = { PERSIST_MAX_RECORDS: '50', LOG_LEVEL: 'silent' };
    const members = await Promise.all([1, 2, 3].map(() => cluster.start(settings)));
    // The same few again, which count once, until each member has its share of the partitions.
    const finished = () => Promise.all(members.map((member) => cluster.finishedRecords(member)));
    while (Math.min(...(await finished())) === 0) await producer.send(events.slice(0, 60));
    const startedAt = performance.now();
    await producer.send(events);
    while ((await readTotals(persister.database)).failures < total)
      await persister.rows('select pg_sleep(0.02)');
    const seconds = (performance.now() - startedAt) / 1000;
    const shares = await finished();
    for (const member of members) expect(await end(member, 'shutdown')).toBe(0);
    process.stdout.write(
      `contention: ${Math.round(total / seconds)} events a second on three members; records by member: ${shares.join(', ')}\n`,
    );

    // Connections that ended have told what happened to them.
    const [statistics] = await persister.rows<{ deadlocks: string }>(
      `select deadlocks from pg_stat_database where datname = current_database()`,
    );
    expect(statistics).toEqual({ deadlocks: '0' });
    const incidents = await persister.rows(
      'select failure_count::int as failures, trace_count::int as traces from incidents order by failure_count desc, fingerprint',
    );
    const perOther = total / 10 / otherProblems;
    expect(incidents).toEqual([
      { failures: (total * 9) / 10, traces: total / 20 },
      ...Array.from({ length: otherProblems }, () => ({ failures: perOther, traces: perOther })),
    ]);
  },
  120_000,
);
