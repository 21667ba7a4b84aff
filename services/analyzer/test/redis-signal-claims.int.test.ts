import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { createRedisSignalClaims } from '../src/adapters/redis-signal-claims.ts';

let redis: Redis;
/** Claims of this test alone, on the shared server. */
const environment = randomUUID();

beforeAll(() => {
  redis = new Redis(process.env['REDIS_URL']!);
});

afterAll(() => redis.disconnect());

function claim(signalId: string, offset: number) {
  return { environment, signalId, position: `failures/0/1000/${offset}` };
}

test('a signal counts for the first record that brought it; a repeated send does not', async () => {
  const claims = createRedisSignalClaims(redis, 60_000);
  expect(await claims.claim([claim('first', 1)])).toEqual([true]);
  expect(await claims.claim([claim('first', 2)])).toEqual([false]);
});

test('a record that is read again after a crash recognises its own claim', async () => {
  const claims = createRedisSignalClaims(redis, 60_000);
  await claims.claim([claim('again', 7)]);
  expect(await createRedisSignalClaims(redis, 60_000).claim([claim('again', 7)])).toEqual([true]);
});

test('sent twice in one batch counts once, and the same id in another environment is another signal', async () => {
  const claims = createRedisSignalClaims(redis, 60_000);
  const other = { ...claim('twice', 3), environment: randomUUID() };
  expect(await claims.claim([claim('twice', 1), claim('twice', 2), other])).toEqual([true, false, true]);
});

test('claims bear the names that earlier versions gave them: an update forgets none', async () => {
  const signals = [
    { environment: 'production', signalId: 'storm-1' },
    { environment: 'default', signalId: 'é"\\\n' },
    { environment: '', signalId: 'x'.repeat(500) },
  ];
  const names = [
    'ps:{s15}:signal:pJzWVCFmfBbmC2vS_IAGJQ',
    'ps:{s03}:signal:G0xWBdGaQesQCzbmpLFMFA',
    'ps:{s07}:signal:_pB-5amJAXqJJPXN2_N-QQ',
  ];
  for (const name of names) await redis.del(name);
  const claims = createRedisSignalClaims(redis, 60_000);
  await claims.claim(signals.map((signal) => ({ ...signal, position: `failures/0/1000/${environment}` })));
  for (const name of names) expect(await redis.get(name)).toBe(`failures/0/1000/${environment}`);
});

test('of many claims, those that others have and those that are read again are told apart', async () => {
  const claims = createRedisSignalClaims(redis, 60_000);
  const ids = Array.from({ length: 300 }, () => randomUUID());
  await claims.claim(ids.slice(0, 200).map((id, i) => claim(id, i)));
  // Of the first hundred sent again, the second hundred read again, and the third new.
  const mixed = ids.map((id, i) => claim(id, i < 100 ? 1_000 + i : i)).toReversed();
  expect((await claims.claim(mixed)).toReversed()).toEqual(ids.map((_, i) => i >= 100));
});

test('an environment and an id cannot be shifted into each other', async () => {
  const claims = createRedisSignalClaims(redis, 60_000);
  const position = 'failures/0/1000/1';
  const answers = await claims.claim([
    { environment: `${environment}a`, signalId: 'b', position },
    { environment, signalId: 'ab', position: 'failures/0/1000/2' },
  ]);
  expect(answers).toEqual([true, true]);
});

test('a thousand claims are at most sixteen commands', async () => {
  const counting = redis.duplicate();
  const claims = createRedisSignalClaims(counting, 60_000);
  // The server knows the script from now on.
  await claims.claim([claim(randomUUID(), 1)]);
  const sent: string[] = [];
  const send = counting.sendCommand.bind(counting);
  counting.sendCommand = (command, stream) => {
    sent.push(command.name);
    return send(command, stream);
  };
  const answers = await claims.claim(Array.from({ length: 1_000 }, (_, i) => claim(randomUUID(), i)));
  counting.disconnect();
  expect(answers.every(Boolean)).toBe(true);
  expect(sent.every((command) => command.startsWith('eval'))).toBe(true);
  expect([sent.length > 0, sent.length <= 16]).toEqual([true, true]);
});

test('a claim ends with its time to live', async () => {
  await createRedisSignalClaims(redis, 60_000).claim([claim('ttl', 1)]);
  const keys = await redis.keys('ps:{s*}:signal:*');
  const ttls = await Promise.all(keys.map((key) => redis.pttl(key)));
  expect(ttls.every((ttl) => ttl > 0 && ttl <= 60_000)).toBe(true);
});
