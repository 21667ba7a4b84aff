import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { currentBuild, readTotals } from '@prodsentinel/database';
import { Releasers } from '@prodsentinel/kernel';
import type { Producer } from '@prodsentinel/messaging';
import { fingerprint, observationOf, windowOf } from './observations.ts';
import { OtherBuild } from './other-build.ts';
import { openPersisterDatabase, type PersisterDatabase } from './persister-database.ts';
import { end, PersisterCluster } from './persister-process.ts';

// Expand first, contract a release later: what the second release adds, the third takes away.
const next = currentBuild + 1;
const expand = `-- oldest-build: ${currentBuild}\nalter table incidents add column colour text not null default 'red';\n`;
const contract = `-- oldest-build: ${next}\nalter table incidents drop column colour;\n`;

const isFull = process.env['PRODSENTINEL_TEST_FULL'] === '1';
const inFull = isFull ? test : test.skip;

const resources = new Releasers();
let expanding: OtherBuild;
let contracting: OtherBuild;
let persister: PersisterDatabase;
let cluster: PersisterCluster;
let producer: Producer;
beforeAll(async () => {
  if (!isFull) return;
  const migrations = { '9001-expand': expand };
  expanding = resources.add('the next build', await OtherBuild.create(next, migrations), (each) =>
    each.remove(),
  );
  contracting = resources.add(
    'the build after that',
    await OtherBuild.create(next + 1, { ...migrations, '9002-contract': contract }),
    (each) => each.remove(),
  );
  persister = resources.add('the database', await openPersisterDatabase(), (each) => each.close());
  cluster = resources.add('the cluster', new PersisterCluster(persister.url), (each) => each.close());
  producer = await cluster.setUp();
}, 60_000);
afterAll(() => resources.release(), 60_000);

let sent = 0;

/** Forty failures more are counted by whoever is there. */
async function expectWork(): Promise<void> {
  const from = sent;
  sent += 40;
  await producer.send(
    Array.from({ length: 40 }, (_, n) => ({
      topic: 'observations' as const,
      key: `k${n}`,
      value: observationOf([windowOf(`t${from + n}`, [from + n])], { fingerprint: fingerprint(n % 4) }),
    })),
  );
  while ((await readTotals(persister.database)).failures < sent)
    await persister.rows('select pg_sleep(0.05)');
  expect(await readTotals(persister.database)).toMatchObject({ failures: sent, traces: sent, incidents: 4 });
}

inFull(
  'a build lives with a newer schema as long as that says so: rolling upgrade, rollback, and the end of it (full only)',
  async () => {
    const quiet = { LOG_LEVEL: 'silent' };
    // A newer build without its migration does not start, and the old one does not notice.
    const old = await cluster.start(quiet);
    await expect(cluster.start(quiet, expanding.main)).rejects.toThrow('78');
    expect(await expanding.migrateUp(persister.url)).toEqual(['9001-expand']);
    await expectWork();

    // Both at once, then only the new one.
    const upgraded = await cluster.start(quiet, expanding.main);
    await expectWork();
    expect(await end(old, 'shutdown')).toBe(0);
    await expectWork();

    // Back: the old build starts on the schema that it has no file for.
    expect(await end(upgraded, 'shutdown')).toBe(0);
    const rolledBack = await cluster.start(quiet);
    await expectWork();
    expect(await end(rolledBack, 'shutdown')).toBe(0);

    // The old build cannot live with the contraction; the one before it can.
    expect(await contracting.migrateUp(persister.url)).toEqual(['9002-contract']);
    await expect(cluster.start(quiet)).rejects.toThrow('78');
    await expect(expanding.migrateUp(persister.url)).resolves.toEqual([]);
    const last = await cluster.start(quiet, contracting.main);
    await expectWork();
    expect(await end(last, 'shutdown')).toBe(0);
  },
  120_000,
);
