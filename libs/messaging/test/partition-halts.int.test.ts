import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createRedisHaltStore, done, type BatchHandler, type RecordHandler } from '../src/index.ts';
import { auditTopic } from './conformance/audit.ts';
import { failure, Journal, TestCluster } from './test-cluster.ts';

jest.setTimeout(60_000);

let cluster: TestCluster;
let redis: Redis;

beforeEach(async () => {
  cluster = new TestCluster();
  await cluster.setUp();
  redis = new Redis(process.env['REDIS_URL'] ?? '');
});

afterEach(async () => {
  await cluster.close();
  redis.disconnect();
});

const limits = {
  maxUnexpectedInARow: 2,
  commitIntervalMs: 50,
  sessionTimeoutMs: 1_500,
  heartbeatIntervalMs: 200,
};

/** Breaks on the records of one partition until it is mended. */
function createBuild(mode: 'record' | 'batch') {
  const handled = new Journal<string>();
  const build = { isBroken: true, handled };
  const one = ({ partition, value }: { partition: number; value: { message: string } }) => {
    if (build.isBroken && partition === 0) throw new TypeError('a bug of ours');
    handled.add(`${partition}:${value.message}`);
    return done;
  };
  const record: RecordHandler<'failures'> = {
    mode: 'record',
    concurrency: 1,
    handle: async (each) => one(each),
  };
  const batch: BatchHandler<'failures'> = {
    mode: 'batch',
    maxRecords: 100,
    handle: async (records) => records.map(one),
  };
  return {
    ...build,
    handled,
    mend: () => (build.isBroken = false),
    handler: mode === 'record' ? record : batch,
  };
}

test.each(['record', 'batch'] as const)(
  'a broken build halts its partition before it drains it, the others go on, a restart stays halted, a resume loses nothing (%s)',
  async (mode) => {
    const groupId = randomUUID();
    const haltStore = createRedisHaltStore(redis);
    const halts = new Journal<string | undefined>();
    const { handled, handler, mend } = createBuild(mode);
    const options = {
      groupId,
      limits,
      haltStore,
      onHalted: (reason: string | undefined) => halts.add(reason),
    };
    const raw = await cluster.rawProducer();
    const send = (partition: number, from: number, to: number) =>
      raw.sendRaw(
        Array.from({ length: to - from }, (_, i) => ({
          topic: 'failures',
          partition,
          key: `key-${from + i}`,
          value: cluster.codec.encode('failures', failure(`m${from + i}`).value),
        })),
      );
    await cluster.codec.prepare(['failures']);
    await send(0, 0, 10);
    const first = await cluster.consume(handler, options);
    await halts.until((all) => all.at(-1) !== undefined);
    expect(halts.entries.at(-1)).toMatch(
      new RegExp(
        `failures/0 is halted: more than 2 records in a row .*a bug of ours; .*partition resume ${cluster.prefix}${groupId} failures/0`,
      ),
    );
    await send(1, 0, 3);
    await handled.until((all) => all.filter((each) => each.startsWith('1:')).length === 3);
    await first.stop();

    // Mended, but nobody resumed it.
    mend();
    halts.entries.length = 0;
    await cluster.consume(handler, options);
    await halts.until((all) => all.at(-1) !== undefined);
    await send(1, 3, 4);
    await handled.until((all) => all.includes('1:m3'));
    expect(handled.entries.filter((each) => each.startsWith('0:'))).toEqual([]);

    const name = `${cluster.prefix}${groupId}`;
    expect([...(await haltStore.read(name)).keys()]).toEqual(['failures/0']);
    expect(await haltStore.resume(name, 'failures/0')).toBe(true);
    await halts.until((all) => all.at(-1) === undefined);
    await send(0, 10, 11);
    await handled.until((all) => all.includes('0:m10'));
    const letters = await auditTopic(cluster.connection.brokers[0]!, `${cluster.prefix}failures.dlq`);
    const setAside = letters.map(({ headers }) => `0:m${headers['__dlq.errors.offset']}`);
    expect(new Set(setAside).size).toBe(2);
    expect(setAside).toHaveLength(2);
    const ours = handled.entries.filter((each) => each.startsWith('0:'));
    expect(new Set(ours).size).toBe(ours.length);
    expect(new Set([...ours, ...setAside])).toEqual(new Set(Array.from({ length: 11 }, (_, i) => `0:m${i}`)));
  },
);

test('a build that fails on one record in five halts its partition, too, and sets aside no more than the limit', async () => {
  const halts = new Journal<string | undefined>();
  const share = { ...limits, maxUnexpectedInARow: 1_000, maxUnexpectedPercent: 5, unexpectedWindow: 100 };
  const raw = await cluster.rawProducer();
  await cluster.codec.prepare(['failures']);
  await raw.sendRaw(
    Array.from({ length: 200 }, (_, i) => ({
      topic: 'failures',
      partition: 0,
      key: 'same',
      value: cluster.codec.encode('failures', failure(`m${i}`).value),
    })),
  );
  await cluster.consume(
    {
      mode: 'record',
      concurrency: 1,
      async handle({ offset }) {
        if (offset % 5 === 4) throw new TypeError('a bug of ours');
        return done;
      },
    },
    { limits: share, onHalted: (reason) => halts.add(reason) },
  );
  await halts.until((all) => all.at(-1) !== undefined);
  expect(halts.entries.at(-1)).toMatch(
    /failures\/0 is halted: more than 5 % of the last 100 records failed unexpectedly, the last at offset 29: .*a bug of ours/,
  );
  const letters = await auditTopic(cluster.connection.brokers[0]!, `${cluster.prefix}failures.dlq`);
  expect(letters.map(({ headers }) => headers['__dlq.errors.offset'])).toEqual(['4', '9', '14', '19', '24']);
});
