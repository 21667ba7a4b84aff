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
  const watcher = redis.duplicate();
  const monitor = await watcher.monitor();
  const ownPort = String(redis.stream.localPort);
  const commands: string[] = [];
  monitor.on('monitor', (_time: string, args: string[], source: string) => {
    if (source.endsWith(`:${ownPort}`)) commands.push(`${args[0]} ${args[1] ?? ''}`.toLowerCase());
  });
  const seen = async (mark: string) => {
    await redis.echo(mark);
    while (!commands.includes(`echo ${mark}`)) await new Promise(setImmediate);
  };
  const claims = createRedisSignalClaims(redis, 60_000);
  await claims.claim([claim(randomUUID(), 1)]);
  await seen('ready');
  await claims.claim(Array.from({ length: 1_000 }, (_, i) => claim(randomUUID(), i)));
  await seen('claimed');
  monitor.disconnect();
  watcher.disconnect();
  const between = commands.slice(commands.indexOf('echo ready') + 1, commands.indexOf('echo claimed'));
  expect(between.every((command) => command.startsWith('eval'))).toBe(true);
  expect([between.length > 0, between.length <= 16]).toEqual([true, true]);
});

test('a claim ends with its time to live', async () => {
  await createRedisSignalClaims(redis, 60_000).claim([claim('ttl', 1)]);
  const keys = await redis.keys('ps:{s*}:signal:*');
  const ttls = await Promise.all(keys.map((key) => redis.pttl(key)));
  expect(ttls.every((ttl) => ttl > 0 && ttl <= 60_000)).toBe(true);
});
