import { createRequire } from 'node:module';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import kafkajs from 'kafkajs';
import { createKafkaClient } from '../src/kafka-client.ts';
import { done, type Consumer } from '../src/index.ts';
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
