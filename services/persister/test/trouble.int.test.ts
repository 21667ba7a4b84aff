import type { ChildProcess } from 'node:child_process';
import { rmdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openDatabase, readTotals, type Database } from '@prodsentinel/database';
import { startTcpProxy } from '@prodsentinel/fault-tools';
import { delay, isAppError, Releasers } from '@prodsentinel/kernel';
import type { Producer } from '@prodsentinel/messaging';
import { fingerprint, observationOf, windowOf } from './observations.ts';
import { openPersisterDatabase, type PersisterDatabase } from './persister-database.ts';
import { end, PersisterCluster } from './persister-process.ts';
import { createFolder, PrivatePostgres, run } from './private-postgres.ts';

const isFull = process.env['PRODSENTINEL_TEST_FULL'] === '1';
const canMount = process.platform === 'linux' && process.getuid?.() === 0;
const inFull = isFull && process.platform === 'linux' ? test : test.skip;

let resources = new Releasers();
afterEach(async () => {
  const used = resources;
  resources = new Releasers();
  await used.release();
}, 60_000);

interface Scene {
  readonly persister: PersisterDatabase;
  readonly cluster: PersisterCluster;
  readonly producer: Producer;
  readonly child: ChildProcess;
}

/** A persister at work on a database of its own. */
async function begin(options: Parameters<typeof openPersisterDatabase>[0] = {}): Promise<Scene> {
  const persister = resources.add('the database', await openPersisterDatabase(options), (each) =>
    each.close(),
  );
  const cluster = resources.add('the cluster', new PersisterCluster(persister.url), (each) => each.close());
  const producer = await cluster.setUp();
  const child = await cluster.start({ LOG_LEVEL: 'silent' });
  const scene = { persister, cluster, producer, child };
  await observe(scene, 0);
  await untilFailures(persister.database, perRound);
  return scene;
}

const perRound = 300;
const problems = 5;

/** As many failures as a round has, each with a trace of its own and enough text to need room on a disk. */
function observe({ producer }: Scene, round: number): Promise<void> {
  return producer.send(
    Array.from({ length: perRound }, (_, n) => {
      const offset = round * perRound + n;
      const problem = fingerprint(round * problems + (n % problems));
      return {
        topic: 'observations' as const,
        key: `production/${problem}`,
        value: observationOf([windowOf(`${'t'.repeat(150)}${offset}`, [offset])], { fingerprint: problem }),
      };
    }),
  );
}

async function untilFailures(database: Database, count: number): Promise<void> {
  for (;;) {
    if ((await whenThere(() => readTotals(database)))?.failures === count) return;
    await delay(50);
  }
}

/** Undefined while PostgreSQL is away. */
async function whenThere<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (!isAppError(error) || error.code !== 'unavailable') throw error;
    return undefined;
  }
}

/** Failures arrive in the middle of it: the persister pauses, calls it what passes by itself, and is not ready. */
async function expectPause({ cluster, child }: Scene, reason: RegExp): Promise<void> {
  for (;;) {
    const { status, stages } = await cluster.readiness(child);
    const { persist } = stages;
    if (status === 503 && persist?.state === 'paused' && reason.test(persist.reason ?? '')) return;
    await delay(50);
  }
}

/** The same process goes on by itself, and what it counted equals what was sent. */
async function expectCarriedOn(scene: Scene, database = scene.persister.database): Promise<void> {
  const { cluster, child } = scene;
  await untilFailures(database, 2 * perRound);
  // One whose mark was lost with a connection is published again: it is the same request.
  const askedFor = () => new Set(cluster.requests.map(({ requestId }) => requestId)).size;
  while (askedFor() < 2 * problems) await cluster.untilRequests(cluster.requests.length + 1);
  while ((await cluster.readiness(child)).status !== 200) await delay(50);
  expect(await readTotals(database)).toMatchObject({
    failures: 2 * perRound,
    traces: 2 * perRound,
    incidents: 2 * problems,
  });
  expect(askedFor()).toBe(2 * problems);
  const uneven = await database.query(
    `select 1 from incidents where failure_count <> ${perRound / problems} or trace_count <> failure_count`,
  );
  expect(uneven).toEqual([]);
  expect(await end(child, 'shutdown')).toBe(0);
}

/** Ends the connections of the persister, so that what was changed for new ones holds for it. */
function dropConnections({ persister }: Scene): Promise<object[]> {
  return persister.rows(
    `select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'prodsentinel-persister' and datname = current_database()`,
  );
}

async function startPrivate(): Promise<PrivatePostgres> {
  return resources.add('the private PostgreSQL', await PrivatePostgres.start(), (each) => each.close());
}

describe('trouble with PostgreSQL stops the clock and not the data', () => {
  test('read-only: pauses, and goes on when it may write again', async () => {
    const scene = await begin();
    const { persister } = scene;
    const name = new URL(persister.url).pathname.slice(1);
    await persister.rows(`alter database ${name} set default_transaction_read_only = on`);
    await dropConnections(scene);
    await observe(scene, 1);
    await expectPause(scene, /not available: .*read-only transaction/);
    expect(await readTotals(persister.database)).toMatchObject({ failures: perRound });
    await persister.rows(`alter database ${name} reset default_transaction_read_only`);
    await dropConnections(scene);
    await expectCarriedOn(scene);
  }, 120_000);

  inFull(
    'out of connections: pauses, and goes on when there are some again (full only, Linux)',
    async () => {
      const { url } = await startPrivate();
      const scene = await begin({ server: url });
      const hog = await takeAllConnections(scene);
      await observe(scene, 1);
      await expectPause(scene, /not available: .*(too many clients|remaining connection slots)/);
      await hog.release();
      await expectCarriedOn(scene);
    },
    180_000,
  );

  inFull(
    'failing over to a cold copy: pauses, and goes on there (full only, Linux)',
    async () => {
      const primary = await startPrivate();
      const proxy = resources.add(
        'the proxy',
        await startTcpProxy({ host: '127.0.0.1', port: primary.port }),
        (each) => each.close(),
      );
      // Released after everything that speaks to them.
      const copies = resources.add('the copies', new Releasers(), (each) => each.release());
      const behindProxy = primary.url.replace(`:${primary.port}/`, `:${proxy.port}/`);
      const scene = await begin({ server: behindProxy });
      const sending = observe(scene, 1);
      const copy = copies.add('the copy', await primary.failOver(), (each) => each.close());
      await sending;
      await expectPause(scene, /not available/);
      proxy.switchTo({ host: '127.0.0.1', port: copy.port });
      await expectCarriedOn(scene);
    },
    180_000,
  );

  (canMount ? inFull : test.skip)(
    'its disk is full: pauses, and goes on when there is room again (full only; needs root, to mount a small disk)',
    async () => {
      const postgres = await startPrivate();
      const disk = await mountSmallDisk(postgres);
      const scene = await begin({ server: postgres.url, tablespace: 'small' });
      await disk.fill();
      await observe(scene, 1);
      await expectPause(scene, /not available: .*No space left on device/);
      await disk.makeRoom();
      await expectCarriedOn(scene);
    },
    180_000,
  );
});

/** Takes whatever connection becomes free, until the persister has none. */
async function takeAllConnections(scene: Scene): Promise<Releasers> {
  const hog = resources.add('the hog', new Releasers(), (each) => each.release());
  for (;;) {
    await dropConnections(scene);
    const taken = await whenThere(() =>
      openDatabase({ url: scene.persister.url, applicationName: 'hog', poolSize: 1 }),
    );
    if (taken) hog.add('a connection', taken, (each) => each.close());
    else if ((await dropConnections(scene)).length === 0) return hog;
  }
}

/** A disk of 64 MB in memory that holds the tablespace `small`. */
async function mountSmallDisk({ account, url }: PrivatePostgres) {
  const folder = await createFolder(account, 'small-disk-');
  const { uid, gid } = account;
  await run('mount', {}, ['-t', 'tmpfs', '-o', `size=64m,uid=${uid},gid=${gid},mode=700`, 'none', folder]);
  resources.add('the small disk', folder, async () => {
    // PostgreSQL is released after its disk and still has files open there.
    await run('umount', {}, ['--lazy', folder]);
    await rmdir(folder);
  });
  const database = await openDatabase({ url, applicationName: 'administration', poolSize: 1 });
  try {
    await database.query(`create tablespace small location '${folder}'`);
  } finally {
    await database.close();
  }
  const ballast = join(folder, 'ballast');
  return {
    fill: () =>
      writeFile(ballast, Buffer.alloc(64 * 2 ** 20)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOSPC') throw error;
      }),
    makeRoom: () => rm(ballast),
  };
}
