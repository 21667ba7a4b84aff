import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createRedriveMemory, type RedriveMemory, type StoredRecord } from '../src/index.ts';
import { TestCluster } from './test-cluster.ts';

const keepMs = 60_000;
let now: number;
let redis: Redis;
let memory: RedriveMemory;

beforeEach(() => {
  now = Date.parse('2026-11-26T10:00:00Z');
  redis = new Redis(process.env['REDIS_URL'] ?? '');
  memory = createRedriveMemory(redis, new TestCluster().connection, { keepMs, nowMs: () => now });
});

afterEach(() => redis.disconnect());

function letterAt(offset: number, timestampMs = 5): StoredRecord {
  return { partition: 1, offset, timestampMs, key: null, value: null, rawHeaders: {}, headers: {} };
}

async function redrivenOf(offsets: readonly number[]): Promise<number[]> {
  const wasRedriven = await memory.read('failures');
  return offsets.filter((offset) => wasRedriven(letterAt(offset)));
}

test('what was redriven is known by topic, place and time', async () => {
  await memory.add('failures', []);
  await memory.add('failures', [letterAt(1), letterAt(3)]);
  await memory.add('failures', [letterAt(3), letterAt(4)]);
  expect(await redrivenOf([0, 1, 2, 3, 4])).toEqual([1, 3, 4]);
  expect((await memory.read('analyses'))(letterAt(1))).toBe(false);
  expect((await memory.read('failures'))(letterAt(1, 6))).toBe(false);
});

test('each is forgotten in its time, however often others are added', async () => {
  await memory.add('failures', [letterAt(1), letterAt(2)]);
  now += keepMs - 1;
  await memory.add('failures', [letterAt(2)]);
  expect(await redrivenOf([1, 2])).toEqual([1, 2]);
  now += 1;
  await memory.add('failures', [letterAt(3)]);
  expect(await redrivenOf([1, 2, 3])).toEqual([2, 3]);
});
