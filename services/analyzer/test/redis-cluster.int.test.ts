import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { connectRedis, type RedisConnection } from '../src/adapters/redis.ts';
import { createRedisSignalClaims } from '../src/adapters/redis-signal-claims.ts';
import { startRedisCluster, type RedisCluster } from './redis-cluster.ts';

jest.setTimeout(60_000);

const logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, fatal() {} };
let shared: Redis;
let cluster: RedisCluster;
let redis: RedisConnection;
const misconfigured: unknown[] = [];

beforeAll(async () => {
  shared = new Redis(process.env['REDIS_URL']!);
  cluster = await startRedisCluster(shared);
  redis = connectRedis({
    url: cluster.url,
    isCluster: true,
    logger: logger as never,
    onAvailability: () => undefined,
    onMisconfigured: (error) => misconfigured.push(error),
  });
  await redis.connect();
});

afterAll(async () => {
  redis?.disconnect();
  shared?.disconnect();
  await cluster?.stop();
});

const claimsOf = (name: string, count: number, firstOffset: number) =>
  Array.from({ length: count }, (_, i) => ({
    environment: 'production',
    signalId: `${name}-${i}`,
    position: `failures/0/1000/${firstOffset + i}`,
  }));

test('on a cluster a repeated send is recognised, whichever node has the claim, and a record its own claim', async () => {
  const claims = createRedisSignalClaims(redis, 60_000);
  const first = await claims.claim(claimsOf('signal', 1_000, 0));
  expect(first.every(Boolean)).toBe(true);
  const again = await claims.claim(claimsOf('signal', 1_000, 5_000));
  expect(again.some(Boolean)).toBe(false);
  const redelivered = await claims.claim(claimsOf('signal', 1_000, 0));
  expect(redelivered.every(Boolean)).toBe(true);
  const sizes = await cluster.sizes();
  expect(sizes.reduce((a, b) => a + b)).toBe(1_000);
  expect(sizes.every((size) => size > 0)).toBe(true);
});

test('a cluster that forgot takes a repeated send for a new one, and its policy is accepted', async () => {
  const claims = createRedisSignalClaims(redis, 60_000);
  await claims.claim(claimsOf('forgotten', 100, 0));
  await cluster.flush();
  const again = await claims.claim(claimsOf('forgotten', 100, 5_000));
  expect(again.every(Boolean)).toBe(true);
  expect(misconfigured).toEqual([]);
});
