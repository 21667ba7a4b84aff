import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { startKafkaProxy, type KafkaProxy } from '@prodsentinel/fault-tools';
import { createProducer, type Producer, type ProducerLimits } from '../src/index.ts';
import { auditTopic } from './conformance/audit.ts';
import { failure, TestCluster } from './test-cluster.ts';

jest.setTimeout(60_000);

let cluster: TestCluster;
let proxy: KafkaProxy;
let producer: Producer;

beforeEach(async () => {
  cluster = new TestCluster();
  await cluster.setUp(1);
  proxy = await startKafkaProxy(cluster.connection.brokers[0]!);
});

async function startProducer(limits: ProducerLimits = {}): Promise<void> {
  producer = createProducer({
    connection: { ...cluster.connection, brokers: [proxy.address] },
    codec: cluster.codec,
    topics: ['failures'],
    ...limits,
  });
  await producer.start(new AbortController().signal);
}

afterEach(async () => {
  proxy.set({ kind: 'none' });
  await producer.stop();
  await cluster.close();
  await proxy.close();
});

async function untilReachable(wanted: boolean): Promise<void> {
  while (producer.isReachable !== wanted) await new Promise((resolve) => setTimeout(resolve, 20));
}

test.each(['refuse', 'hang'] as const)(
  'a producer that nobody uses notices that the brokers are away, and that they are back (%s)',
  async (kind) => {
    await startProducer({ idleCheckMs: 100, sendDeadlineMs: 8_000 });
    expect(producer.isReachable).toBe(true);
    proxy.set({ kind });
    if (kind === 'refuse') proxy.cut();
    await untilReachable(false);
    await expect(producer.send([failure('while away')])).rejects.toMatchObject({ code: 'unavailable' });
    proxy.set({ kind: 'none' });
    await untilReachable(true);
    await producer.send([failure('back')]);
    const records = await auditTopic(cluster.connection.brokers[0]!, `${cluster.prefix}failures`);
    expect(records).toHaveLength(1);
  },
);

test('a record that is too large takes no neighbour with it, and who sends at once after its refusal is served', async () => {
  // With the deadline of production: on a busy machine 3 MB may take longer than a test would like to wait.
  await startProducer();
  const tooLarge = failure('x'.repeat(3_000_000));
  const outcomes = await Promise.allSettled([
    producer.send([failure('before')]),
    producer.send([tooLarge]),
    producer.send([failure('after')]),
  ]);
  // With the reason where there is one: who reads a red run must see it.
  expect(outcomes).toMatchObject([
    { status: 'fulfilled' },
    { status: 'rejected', reason: { code: 'invalid_input' } },
    { status: 'fulfilled' },
  ]);
  await expect(producer.send([tooLarge])).rejects.toMatchObject({ code: 'invalid_input' });
  expect(producer.isReachable).toBe(true);
  await producer.send([failure('at once')]);
  const records = await auditTopic(cluster.connection.brokers[0]!, `${cluster.prefix}failures`);
  expect(records).toHaveLength(3);
});
