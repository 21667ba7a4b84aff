import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { createRedisCrashStore } from '../../src/index.ts';
import { failure, TestCluster } from '../test-cluster.ts';
import { auditTopic, report } from './audit.ts';
import { superviseMember } from './member.ts';

// Twenty starts of a process, four side by side: 15 s alone, beyond 120 s where other work leaves a fifth of a core to them.
jest.setTimeout(300_000);

let redis: Redis;
const closers: (() => Promise<void>)[] = [];

beforeAll(() => {
  redis = new Redis(process.env['REDIS_URL'] ?? '');
});
afterAll(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
  redis.disconnect();
});

const names = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `m${from + i}`);
const killer = 'm7';
const slow = 'm30';

const cases = [
  ['record', 'SIGKILL'],
  ['batch', 'abort'],
  ['held', 'SIGKILL'],
  ...(process.env['PRODSENTINEL_TEST_FULL'] === '1' ? [['record', 'exception'] as const] : []),
] as const;

test.concurrent.each(cases)(
  'a record that ends the process is set aside after three crashes that it had alone, and nothing else is (%s, %s)',
  async (mode, killBy) => {
    const cluster = new TestCluster();
    closers.push(() => cluster.close());
    await cluster.setUp();
    const groupId = randomUUID();
    const raw = await cluster.rawProducer();
    await cluster.codec.prepare(['failures']);
    const value = (name: string) => cluster.codec.encode('failures', failure(name).value);
    const send = (partition: number, all: readonly string[]) =>
      raw.sendRaw(
        all.map((name) => ({
          topic: 'failures',
          partition,
          key: `key-${name}`,
          value: value(name),
          headers: { name },
        })),
      );
    // The slow one is at work in the other partition whenever the killer strikes.
    await send(1, [slow, ...names(31, 40)]);
    await send(0, names(0, 20));
    const member = superviseMember(cluster, groupId, {
      MEMBER_MODE: mode,
      MEMBER_KILLER: killer,
      MEMBER_KILL_BY: killBy,
      MEMBER_SLOW: slow,
    });
    closers.push(() => member.stop());
    const innocent = [...names(0, 20), ...names(30, 40)].filter((name) => name !== killer);
    await member.lines.until((all) => {
      const letters = all.filter((line) => line.startsWith('dead letter'));
      return letters.length > 0 && handledOf(all).size + letters.length > innocent.length;
    });

    expect(handledOf(member.lines.entries)).toEqual(new Set(innocent));
    expect(member.ends).toHaveLength(4);
    expect(member.ends).not.toContain(0);
    const letters = await auditTopic(cluster.connection.brokers[0]!, `${cluster.prefix}failures.dlq`);
    expect(letters).toHaveLength(1);
    expect(letters[0]?.value.equals(value(killer))).toBe(true);
    expect(letters[0]?.headers).toMatchObject({
      name: killer,
      '__dlq.errors.offset': '7',
      '__dlq.errors.delivery.count': '3',
      '__dlq.errors.message': 'the process ended 3 times while this record was tried alone',
      'prodsentinel.error.code': 'ends_process',
    });
    const store = createRedisCrashStore(redis);
    // Forgetting what has passed follows its handling.
    const suspects = async () => (await store.read(cluster.prefix + groupId, 'failures/0'))?.suspects;
    while ((await suspects()) !== undefined) await setImmediate();

    // Beyond what may have been at work nothing is tried alone any more, and an orderly end leaves no mark.
    await send(0, names(1_000, 2_100));
    await member.lines.until((all) => handledOf(all).size === innocent.length + 1_100);
    await member.stop();
    expect(member.ends.at(-1)).toBe(0);
    expect(await store.read(cluster.prefix + groupId, 'failures/0')).toBeUndefined();
    const sightings = member.lines.entries.filter((line) => line.startsWith('handled ')).length;
    report(
      `ends-the-process (${mode}, ${killBy}): handled ${sightings} times ${innocent.length + 1_100} records`,
    );
  },
);

function handledOf(lines: readonly string[]): Set<string> {
  const marker = 'handled ';
  return new Set(lines.filter((line) => line.startsWith(marker)).map((line) => line.slice(marker.length)));
}
