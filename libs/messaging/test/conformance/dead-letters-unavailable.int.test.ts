import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createConsumer, done } from '../../src/index.ts';
import { failure, Journal, TestCluster } from '../test-cluster.ts';
import { auditTopic, committedOffsets } from './audit.ts';

// The dead-letter topic is gone (a min.insync.replicas above the number of copies would not do: Kafka 4 caps it): the
// record that must be set aside keeps its offset open, whatever else goes on, until the topic is back.

jest.setTimeout(60_000);

let cluster: TestCluster;
let stopConsumer: () => Promise<void>;

beforeEach(async () => {
  stopConsumer = async () => undefined;
  cluster = new TestCluster();
  await cluster.setUp(1);
});

afterEach(async () => {
  await stopConsumer();
  await cluster.close();
});

async function withAdmin(work: (admin: kafkajs.Admin) => Promise<unknown>): Promise<void> {
  const brokers = [...cluster.connection.brokers];
  const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  await work(admin);
  await admin.disconnect();
}

test('while dead letters cannot be written the offset stays and other keys flow; then it moves', async () => {
  const groupId = randomUUID();
  const broker = cluster.connection.brokers[0]!;
  const deadLetters = `${cluster.prefix}failures.dlq`;
  const topic = `${cluster.prefix}failures`;
  const handled = new Journal<string>();
  const troubles = new Journal<string>();
  const { connection, codec } = cluster;
  const consumer = createConsumer({
    connection,
    codec,
    groupId,
    topics: ['failures'],
    limits: { commitIntervalMs: 50 },
    onTrouble: (reason) => troubles.add(reason ?? 'none'),
    handler: {
      mode: 'record',
      concurrency: 10,
      async handle({ value }) {
        if (value.message === 'bad') return { kind: 'deadLetter', code: 'invalid_input', reason: 'bad' };
        handled.add(value.message);
        return done;
      },
    },
  });
  stopConsumer = () => consumer.stop();
  await consumer.start(new AbortController().signal);
  const producer = await cluster.producer();
  await withAdmin((admin) => admin.deleteTopics({ topics: [deadLetters] }));
  await producer.send([failure('before', 'a'), failure('bad', 'b'), failure('after', 'c')]);
  await troubles.until((reasons) => reasons.some((each) => each.startsWith('the dead-letter topic')));
  await handled.until((messages) => messages.includes('after'));
  await producer.send([failure('later', 'd')]);
  await handled.until((messages) => messages.includes('later'));
  // Nothing at or above the bad record (offset 1) may be committed.
  const [whileAway] = await committedOffsets(broker, `${cluster.prefix}${groupId}`, topic);
  expect(whileAway).toBeLessThanOrEqual(1);

  const seen = troubles.entries.length;
  await withAdmin((admin) =>
    admin.createTopics({
      waitForLeaders: true,
      topics: [{ topic: deadLetters, numPartitions: 1, replicationFactor: 1 }],
    }),
  );
  await troubles.until((reasons) => reasons.slice(seen).includes('none'));
  await consumer.stop();
  expect(handled.entries.toSorted()).toEqual(['after', 'before', 'later']);
  const letters = await auditTopic(broker, deadLetters);
  expect(letters.map(({ headers }) => headers['__dlq.errors.offset'])).toContain('1');
  expect(await committedOffsets(broker, `${cluster.prefix}${groupId}`, topic)).toEqual([4]);
});
