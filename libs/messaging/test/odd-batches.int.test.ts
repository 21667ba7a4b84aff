import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import kafkajs, { type KafkaMessage } from 'kafkajs';
import { AssignedPartition } from '../src/assigned-partition.ts';
import { beginFetched } from '../src/backlog.ts';
import { done, readTopic, type Consumer, type IncomingRecord } from '../src/index.ts';
import { createKafkaClient } from '../src/kafka-client.ts';
import { readChunks } from '../src/read-chunks.ts';
import { UnpackBudget } from '../src/unpack-budget.ts';
import { Journal, TestCluster } from './test-cluster.ts';

jest.setTimeout(60_000);

let cluster: TestCluster;

beforeEach(async () => {
  cluster = new TestCluster();
  await cluster.setUp(1);
});

afterEach(() => cluster.close());

const { CompressionTypes } = kafkajs;
const bytesOf = (message: string) => Buffer.from(JSON.stringify({ message, severityNumber: 17 }));

/** All in one batch, as a stranger's client may send it. */
async function send(messages: readonly string[], compression = 0): Promise<void> {
  const producer = createKafkaClient(cluster.connection, { retries: 0 }).producer();
  await producer.connect();
  try {
    await producer.send({
      topic: `${cluster.prefix}failures`,
      compression,
      messages: messages.map((each) => ({ value: bytesOf(each), partition: 0 })),
    });
  } finally {
    await producer.disconnect();
  }
}

/** Whoever consumes fails the test when it fails. */
function until(journal: Journal<string>, count: number, { failed }: Consumer): Promise<void> {
  return Promise.race([failed, journal.until(({ length }) => length >= count)]);
}

test.each([
  ['nothing', CompressionTypes.None],
  ['gzip', CompressionTypes.GZIP],
  ['snappy', CompressionTypes.Snappy],
  ['lz4', CompressionTypes.LZ4],
  ['zstd', CompressionTypes.ZSTD],
] as const)(
  'a batch that is larger than a fetch comes whole, compressed by %s',
  async (_name, compression) => {
    const journal = new Journal<string>();
    const names = Array.from({ length: 2_500 }, (_, i) => `${i} ${'x'.repeat(500)}`);
    await send(names, compression);
    const consumer = await cluster.consume({
      mode: 'batch',
      maxRecords: 100,
      async handle(records) {
        journal.add(...records.map(({ value }) => value.message));
        return records.map(() => done);
      },
    });
    await until(journal, names.length, consumer);
    expect(journal.entries).toEqual(names);
  },
);

const mebibyte = 1024 * 1024;

test.each([
  ['gzip', CompressionTypes.GZIP],
  ['snappy', CompressionTypes.Snappy],
  ['lz4', CompressionTypes.LZ4],
  ['zstd', CompressionTypes.ZSTD],
] as const)(
  'a batch of %s that unpacks to more than is allowed is one dead letter, and what is around it comes',
  async (_name, compression) => {
    await send(['before'], compression);
    await send(
      Array.from({ length: 3 }, (_, i) => `${i}${' '.repeat(2 * mebibyte)}`),
      compression,
    );
    await send(['after'], compression);
    const journal = new Journal<string>();
    const groupId = randomUUID();
    const handler = {
      mode: 'record',
      concurrency: 4,
      async handle({ value }: IncomingRecord<'failures'>) {
        journal.add(value.message.slice(0, 10));
        return done;
      },
    } as const;
    const limits = { maxUnpackedBytes: mebibyte };
    const consumer = await cluster.consume(handler, {
      groupId,
      limits,
      onDeadLetter: (_, code) => journal.add(code),
    });
    await until(journal, 3, consumer);
    expect(journal.entries.toSorted()).toEqual(['after', 'batch_too_large', 'before']);
    await consumer.stop();
    const [letter, ...others] = await readTopic(cluster.connection, 'failures.dlq', { maxRecords: 10 });
    expect(others).toEqual([]);
    expect(letter).toMatchObject({
      partition: 0,
      key: null,
      headers: {
        'prodsentinel.error.code': 'batch_too_large',
        '__dlq.errors.offset': '1',
        'prodsentinel.batch.last.offset': '3',
        '__dlq.errors.message': expect.stringContaining('3 records in one batch'),
      },
    });
    const [chunk] = await readChunks(letter!.value!, [], new UnpackBudget(10 * mebibyte));
    const backlog = beginFetched(new AssignedPartition('failures', 0, 1), {
      messages: [chunk] as unknown as KafkaMessage[],
      fetchedOffset: '0',
    });
    expect(backlog.take(9).map(({ offset, value }) => [offset, value?.length])).toEqual(
      [1, 2, 3].map((offset) => [offset, 2 * mebibyte + bytesOf('0').length]),
    );
    await cluster.consume(handler, { groupId, limits });
    await send(['last']);
    await journal.until(({ length }) => length === 4);
    expect(journal.entries.at(-1)).toBe('last');
  },
);

test('bytes that are no records end the consumer, which says so and can be stopped', async () => {
  const consumer = await cluster.consume({ mode: 'record', concurrency: 1, handle: async () => done });
  const answer = createRequire(import.meta.url)('kafkajs/src/protocol/requests/fetch/v11/response') as {
    decode: (raw: Buffer) => Promise<unknown>;
  };
  const { decode } = answer;
  // The length of the record, before five bytes and its value, says more than there is.
  answer.decode = (raw) => {
    const at = raw.indexOf(bytesOf('a'));
    if (at !== -1) raw[at - 6] = 0x7e;
    return decode(raw);
  };
  try {
    await send(['a']);
    await expect(consumer.failed).rejects.toMatchObject({
      code: 'bug',
      message: expect.stringContaining('a record of 63 bytes'),
    });
    await consumer.stop();
  } finally {
    answer.decode = decode;
  }
});
