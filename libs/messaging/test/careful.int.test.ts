import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createCrashMemory, createRedisCrashStore, done, held, type BatchHandler } from '../src/index.ts';
import { failure, Journal, TestCluster } from './test-cluster.ts';

jest.setTimeout(60_000);

let cluster: TestCluster;
let redis: Redis;

beforeEach(async () => {
  cluster = new TestCluster();
  await cluster.setUp(1);
  redis = new Redis(process.env['REDIS_URL'] ?? '');
});

afterEach(async () => {
  await cluster.close();
  redis.disconnect();
});

/** Notes each batch as its first offset and its size. */
function createHandler(outcome: typeof done) {
  const batches = new Journal<{ first: number; size: number }>();
  const handler: BatchHandler<'failures'> = {
    mode: 'batch',
    maxRecords: 100,
    async handle(records) {
      batches.add({ first: records[0]!.offset, size: records.length });
      return records.map(() => outcome);
    },
  };
  const handled = () => batches.entries.reduce((sum, { size }) => sum + size, 0);
  const until = (count: number) => batches.until(() => handled() >= count);
  return { handler, batches, until };
}

async function send(count: number): Promise<void> {
  const producer = await cluster.producer();
  await producer.send(Array.from({ length: count }, (_, i) => failure(`m${i}`)));
}

test('after a crash only what may have been at work is tried alone, in order with what is before and behind it', async () => {
  const groupId = randomUUID();
  const store = createRedisCrashStore(redis);
  await store.write(cluster.prefix + groupId, 'failures/0', {
    owner: 'one that died',
    from: 300,
    until: 350,
  });
  await send(1_000);
  const { handler, batches, until } = createHandler(done);
  await cluster.consume(handler, { groupId, crashMemory: createCrashMemory(store) });
  await until(1_000);
  const alone = batches.entries.filter(({ first }) => first >= 300 && first < 350);
  expect(alone).toEqual(Array.from({ length: 50 }, (_, i) => ({ first: 300 + i, size: 1 })));
  const others = batches.entries.filter(({ first }) => first < 300 || first >= 350);
  expect(others.length).toBeLessThan(100);
  const firsts = batches.entries.map(({ first }) => first);
  expect(firsts).toEqual(firsts.toSorted((a, b) => a - b));
});

test('what a handler of batches holds is not tried alone after a crash: the mark moves on with the batches', async () => {
  const groupId = randomUUID();
  const store = createRedisCrashStore(redis);
  const { handler, until } = createHandler(held);
  await cluster.consume(handler, { groupId, crashMemory: createCrashMemory(store) });
  for (const total of [1_500, 3_000, 4_500]) {
    await send(1_500);
    await until(total);
  }
  const mark = await store.read(cluster.prefix + groupId, 'failures/0');
  expect(mark?.until).toBeGreaterThanOrEqual(4_500);
  expect(mark?.from).toBeGreaterThanOrEqual(1_400);
});

test('while Redis is away records are handled all the same', async () => {
  const away = new Redis('redis://127.0.0.1:1', {
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    // What was never connected is waited for no longer than this, and keeps the process.
    disconnectTimeout: 10,
  });
  const errors: unknown[] = [];
  away.on('error', (error) => errors.push(error));
  await send(10);
  const { handler, until } = createHandler(done);
  await cluster.consume(handler, { crashMemory: createCrashMemory(createRedisCrashStore(away)) });
  await until(10);
  expect(errors).not.toEqual([]);
  away.disconnect();
});
