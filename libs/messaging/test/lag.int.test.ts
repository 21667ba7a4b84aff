import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { untilAvailable } from '@prodsentinel/kernel';
import { countRecords, done, foldTopic, held, readLag, readTopic } from '../src/index.ts';
import { failure, Journal, TestCluster } from './test-cluster.ts';

jest.setTimeout(60_000);

let cluster: TestCluster;

beforeEach(async () => {
  cluster = new TestCluster();
  await cluster.setUp();
});

afterEach(() => cluster.close());

test('the lag of a group that never committed is all that a topic holds', async () => {
  // A coordinator that nobody asked yet has first to load its groups.
  const first = () => readLag(cluster.connection, randomUUID(), ['failures']);
  expect(await untilAvailable(first, { signal: AbortSignal.timeout(30_000) })).toBe(0);
  await (await cluster.producer()).send(['a', 'b', 'c'].map((message) => failure(message, message)));
  expect(await readLag(cluster.connection, randomUUID(), ['failures'])).toBe(3);
  expect(await readLag(cluster.connection, randomUUID(), ['failures', 'observations'])).toBe(3);
  expect(await countRecords(cluster.connection, ['failures', 'failures.dlq'])).toBe(3);
});

test('the lag of a group that stopped is what it has not finished', async () => {
  const groupId = randomUUID();
  const journal = new Journal<string>();
  const consumer = await cluster.consume(
    {
      mode: 'batch',
      maxRecords: 10,
      async handle(records) {
        journal.add(...records.map(({ value }) => value.message));
        return records.map(({ value }) => (value.message === 'b' ? held : done));
      },
    },
    { groupId },
  );
  await (await cluster.producer()).send(['a', 'b', 'c'].map((message) => failure(message)));
  await journal.until(({ length }) => length === 3);
  await consumer.stop();
  expect(await readLag(cluster.connection, groupId, ['failures'])).toBe(2);
});

test('a topic is read as it lies there: bytes, keys and headers, in order, and no more than was allowed', async () => {
  const producer = await cluster.rawProducer();
  const value = Buffer.from([0xff, 0, 7]);
  await producer.sendRaw([
    { topic: 'failures', partition: 0, key: 'k', value, headers: { reason: 'why' } },
    { topic: 'failures', partition: 0, key: null, value: null },
    { topic: 'failures', partition: 1, key: 'z', value },
  ]);
  const records = await readTopic(cluster.connection, 'failures', { maxRecords: 3 });
  expect(records).toMatchObject([
    { partition: 0, offset: 0, value, headers: { reason: 'why' } },
    { partition: 0, offset: 1, key: null, value: null, headers: {} },
    { partition: 1, offset: 0, value },
  ]);
  expect(records[0]?.key?.toString()).toBe('k');
  await expect(readTopic(cluster.connection, 'failures', { maxRecords: 2 })).rejects.toMatchObject({
    code: 'conflict',
  });
  expect(await readTopic(cluster.connection, 'failures.dlq', { maxRecords: 1 })).toEqual([]);
});

test('who throws over a record of a topic is handed no other', async () => {
  await (await cluster.producer()).send(['a', 'b', 'c'].map((message) => failure(message)));
  const taken: number[] = [];
  const reading = foldTopic(cluster.connection, 'failures', { maxRecords: 3 }, ({ offset }) => {
    taken.push(offset);
    throw new RangeError('no more');
  });
  await expect(reading).rejects.toThrow('no more');
  expect(taken).toEqual([0]);
});
