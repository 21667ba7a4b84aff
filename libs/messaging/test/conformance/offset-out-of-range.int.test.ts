import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Oracle } from '@prodsentinel/fault-tools';
import { Registry } from 'prom-client';
import { createConsumer, done, type ConsumerLimits } from '../../src/index.ts';
import { failure, Journal, TestCluster } from '../test-cluster.ts';
import { committedOffsets } from './audit.ts';

// The offset to read next is not in the partition: its records were removed unread, or it lies beyond the end. Said aloud,
// read from the first record there is, and nothing is committed that was not finished: bare kafkajs commits -2 or -1.

jest.setTimeout(60_000);

let cluster: TestCluster;
let stops: (() => Promise<void>)[];

beforeEach(async () => {
  stops = [];
  cluster = new TestCluster();
  await cluster.setUp(1);
});

afterEach(async () => {
  for (const stop of stops.toReversed()) await stop();
  await cluster.close();
});

/** A consumer whose handler waits until it is let go, with what it says and counts. */
function waitingConsumer(groupId: string, limits: Partial<ConsumerLimits> = {}) {
  const metrics = new Registry();
  const started = new Journal<string>();
  const handled = new Journal<string>();
  const said = new Journal<string>();
  const gate = Promise.withResolvers<void>();
  const missed = new Journal<string>();
  const say = (_: object, message: string) => said.add(message);
  const note = (fields: object, message: string) => {
    const line = `${message} ${JSON.stringify(fields)}`;
    if (line.includes('does not host this topic')) missed.add(line);
  };
  const logger = { debug: note, info: note, warn: note, error: say };
  const consumer = createConsumer({
    connection: { ...cluster.connection, metrics, logger },
    codec: cluster.codec,
    groupId,
    topics: ['failures'],
    // It commits when it stops: what is committed before that was not by us.
    limits: { commitIntervalMs: 60_000, ...limits },
    handler: {
      mode: 'record',
      concurrency: 1_000,
      async handle({ value }) {
        started.add(idOf(value.message));
        await gate.promise;
        handled.add(idOf(value.message));
        return done;
      },
    },
  });
  stops.push(() => consumer.stop());
  const resets = async () =>
    (await metrics.getSingleMetric('prodsentinel_offset_resets_total')!.get()).values.map(
      ({ labels, value }) => `${labels['kind']} ${value}`,
    );
  return { consumer, started, handled, said, missed, letGo: gate.resolve, resets };
}

const idOf = (message: string) => message.split(' ')[0]!;

async function send(oracle: Oracle, count: number, padding = ''): Promise<string[]> {
  const producer = await cluster.producer();
  const ids = oracle.issue(count);
  for (const [i, id] of ids.entries()) await producer.send([failure(`${id} ${padding}`, `key-${i}`)]);
  oracle.acknowledge(ids);
  return ids;
}

function client() {
  return new kafkajs.Kafka({
    brokers: [...cluster.connection.brokers],
    logLevel: kafkajs.logLevel.NOTHING,
  });
}

async function removeBelow(offset: number): Promise<void> {
  const admin = client().admin();
  await admin.connect();
  const topic = `${cluster.prefix}failures`;
  // Without it the admin client does not know the leader.
  await admin.fetchTopicOffsets(topic);
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(offset) }] });
  await admin.disconnect();
}

/** Commits as somebody else of the group, who then leaves. */
async function commitByHand(groupId: string, offset: number): Promise<void> {
  const topic = `${cluster.prefix}failures`;
  const consumer = client().consumer({ groupId: cluster.prefix + groupId, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic] });
  const joined = new Promise<void>((resolve) => {
    consumer.on(consumer.events.GROUP_JOIN, () => {
      // It must not fetch: it would make -1 of an offset that is out of range.
      consumer.pause([{ topic }]);
      resolve();
    });
  });
  await consumer.run({ autoCommit: false, eachBatch: async () => undefined });
  await joined;
  await consumer.commitOffsets([{ topic, partition: 0, offset: String(offset) }]);
  await consumer.disconnect();
}

async function committed(groupId: string): Promise<number> {
  const [offset] = await committedOffsets(
    cluster.connection.brokers[0]!,
    cluster.prefix + groupId,
    `${cluster.prefix}failures`,
  );
  return offset ?? NaN;
}

test.each([
  { kind: 'expired', committedBefore: 5, removed: 12, low: 12 },
  { kind: 'recreated', committedBefore: 999, removed: 0, low: 0 },
])(
  'a committed offset that is out of range ($kind) is said aloud, read on from the first record, and never made -1 or -2',
  async ({ kind, committedBefore, removed, low }) => {
    const groupId = randomUUID();
    const oracle = new Oracle();
    const ids = await send(oracle, 20);
    await commitByHand(groupId, committedBefore);
    if (removed > 0) await removeBelow(removed);
    const { consumer, started, handled, said, letGo, resets } = waitingConsumer(groupId);
    await consumer.start(new AbortController().signal);
    await started.until(({ length }) => length === 20 - low);
    // kafkajs has asked for the offset and been refused by now.
    expect(await committed(groupId)).toBe(committedBefore);
    letGo();
    await handled.until(({ length }) => length === 20 - low);
    await consumer.stop();
    expect(oracle.account(handled.entries).lost).toEqual(ids.slice(0, low));
    expect(await committed(groupId)).toBe(20);
    expect(said.entries).toEqual([
      `failures/0: the offset ${committedBefore} is not within ${low} to 20 (${kind}): reading from ${low}`,
    ]);
    expect(await resets()).toEqual([`${kind} 1`]);
  },
);

test('records removed under a running consumer that is behind: said aloud, what it has is finished, then the first there is', async () => {
  const groupId = randomUUID();
  const oracle = new Oracle();
  const { consumer, started, handled, said, letGo, resets } = waitingConsumer(groupId, {
    maxActiveRecords: 1,
  });
  // A fetch takes 1 MiB: the consumer is full after some ten records and pauses.
  const ids = await send(oracle, 40, 'x'.repeat(100_000));
  await consumer.start(new AbortController().signal);
  await started.until(({ length }) => length > 0);
  const fetched = started.entries.length;
  expect(fetched).toBeLessThan(30);
  await removeBelow(30);
  letGo();
  await handled.until((seen) => seen.includes(ids[39]!));
  await consumer.stop();
  const account = oracle.account(handled.entries);
  expect(account).toMatchObject({ neverIssued: [], extraSightings: 0, lost: ids.slice(fetched, 30) });
  expect(await committed(groupId)).toBe(40);
  expect(said.entries).toEqual([
    `failures/0: the offset ${fetched} is not within 30 to 40 (expired): reading from 30`,
  ]);
  expect(await resets()).toEqual(['expired 1']);
});

test.each(['at once', 'when it was missed'])(
  'a topic deleted and made anew (%s) under a running consumer: said aloud, and every record of the new one is handled',
  async (when) => {
    const oracle = new Oracle();
    const { consumer, handled, said, missed, letGo, resets } = waitingConsumer(randomUUID());
    letGo();
    await consumer.start(new AbortController().signal);
    await send(oracle, 20);
    await handled.until(({ length }) => length === 20);
    const admin = client().admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [`${cluster.prefix}failures`] });
    await admin.disconnect();
    if (when !== 'at once') await missed.until((lines) => lines.length > 0);
    await cluster.setUp(1);
    const later = await send(oracle, 5);
    await handled.until((seen) => seen.includes(later.at(-1)!));
    expect(oracle.account(handled.entries)).toMatchObject({ lost: [], neverIssued: [], extraSightings: 0 });
    expect(said.entries).toEqual([expect.stringContaining('failures/0: the offset 20 is not within 0 to ')]);
    expect(await resets()).toEqual(['recreated 1']);
  },
);
