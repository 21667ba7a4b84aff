import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { createRedisRequestClaims } from '../src/adapters/redis-request-claims.ts';
import { ClaimStoreModel } from './domain/diagnose/claim-store-model.ts';

jest.setTimeout(60_000);

let redis: Redis;

beforeAll(() => {
  redis = new Redis(process.env['REDIS_URL']!);
});

afterAll(() => redis.disconnect());

function claimsIn(store: Redis, leaseMs: number) {
  return createRedisRequestClaims(store, { leaseMs, maxAttempts: 3, onAvailability: () => undefined });
}

test('of many processes that want one request at once, one gets it: claimed before the work, not after queueing', async () => {
  const requestId = randomUUID();
  const claims = claimsIn(redis, 60_000);
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => claims.of(requestId, randomUUID()).acquire()),
  );
  expect(answers.filter(({ kind }) => kind === 'acquired')).toHaveLength(1);
});

test('a lease is renewed and given back only by whoever has it', async () => {
  const claims = claimsIn(redis, 60_000);
  const requestId = randomUUID();
  const [mine, other] = [claims.of(requestId, 'mine'), claims.of(requestId, 'other')];
  await mine.acquire();
  expect([await mine.renew(), await other.renew()]).toEqual([true, false]);
  await other.release();
  expect(await other.acquire()).toMatchObject({ kind: 'taken' });
  await mine.release();
  expect(await other.acquire()).toEqual({ kind: 'acquired' });
});

test('the work of a dead process is free again when its lease has run out', async () => {
  const requestId = randomUUID();
  await claimsIn(redis, 50).of(requestId, 'dead').acquire();
  const heir = claimsIn(redis, 60_000).of(requestId, 'heir');
  while ((await heir.acquire()).kind !== 'acquired') await new Promise(setImmediate);
  expect(await redis.get(`ps:{req:${requestId}}:lease`)).toBe('heir');
});

test('without Redis it says so', async () => {
  const away = new Redis('redis://127.0.0.1:1', {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
  });
  away.on('error', () => undefined);
  expect(await claimsIn(away, 1_000).of('r', 't').acquire()).toEqual({ kind: 'unknown' });
  away.disconnect();
});

test('Redis answers every step as the store of the simulation does, whatever came before', async () => {
  const names = ['acquire', 'look', 'count', 'giveBack', 'seal', 'release'] as const;
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  const claims = claimsIn(redis, 600_000);
  for (let round = 0; round < 60; round++) {
    const requestId = randomUUID();
    const model = new ClaimStoreModel();
    for (let step = 0; step < 25; step++) {
      const token = `t${random(3)}`;
      const name = names[random(step < 15 ? 4 : 6)]!;
      const argument = name === 'seal' ? `answer of ${token}` : random(3);
      const real = await (claims.of(requestId, token)[name] as (argument: unknown) => Promise<unknown>)(
        argument,
      );
      const modelled = (model.of(token)[name] as (argument: unknown) => unknown)(argument);
      expect([name, kindOf(real)]).toEqual([name, kindOf(modelled)]);
    }
  }
});

function kindOf(reply: unknown): unknown {
  return JSON.stringify(reply)?.replace(/"leftMs":\d+/, '');
}
