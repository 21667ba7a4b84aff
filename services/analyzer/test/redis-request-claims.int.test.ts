import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { createRedisRequestClaims } from '../src/adapters/redis-request-claims.ts';

let redis: Redis;

beforeAll(() => {
  redis = new Redis(process.env['REDIS_URL']!);
});

afterAll(() => redis.disconnect());

test('of many processes that want one request at once, one gets it: claimed before the work, not after queueing', async () => {
  const requestId = randomUUID();
  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      createRedisRequestClaims(redis, 60_000).acquire(requestId, randomUUID()),
    ),
  );
  expect(answers.filter(Boolean)).toHaveLength(1);
});

test('a lease is given back only by whoever has it', async () => {
  const requestId = randomUUID();
  const claims = createRedisRequestClaims(redis, 60_000);
  await claims.acquire(requestId, 'mine');
  await claims.release(requestId, 'not mine');
  expect(await claims.acquire(requestId, 'next')).toBe(false);
  await claims.release(requestId, 'mine');
  expect(await claims.acquire(requestId, 'next')).toBe(true);
});

test('the work of a dead process is free again when its lease has run out', async () => {
  const requestId = randomUUID();
  await createRedisRequestClaims(redis, 50).acquire(requestId, 'dead');
  const claims = createRedisRequestClaims(redis, 60_000);
  while (!(await claims.acquire(requestId, 'heir'))) await new Promise(setImmediate);
  expect(await redis.get(`ps:{req:${requestId}}:lease`)).toBe('heir');
});

test('without Redis it says so', async () => {
  const away = new Redis('redis://127.0.0.1:1', {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
  });
  away.on('error', () => undefined);
  await expect(createRedisRequestClaims(away, 1_000).acquire('r', 't')).rejects.toMatchObject({
    code: 'unavailable',
  });
  away.disconnect();
});
