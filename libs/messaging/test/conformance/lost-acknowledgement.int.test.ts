import kafkajs from 'kafkajs';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Oracle, startKafkaProxy, type KafkaProxy } from '@prodsentinel/fault-tools';
import { isAppError } from '@prodsentinel/kernel';
import { RawProducer } from '../../src/index.ts';
import { TestCluster } from '../test-cluster.ts';
import { auditTopic, report } from './audit.ts';

// A response to a Produce request is lost while several senders are at work: the request was written, the caller never
// heard of it. What was acknowledged must be in the log.

jest.setTimeout(60_000);

const senders = 4;
const sendsEach = 5;
const recordsPerSend = 10;

let cluster: TestCluster;
let proxy: KafkaProxy;

beforeEach(async () => {
  cluster = new TestCluster();
  await cluster.setUp(1);
  proxy = await startKafkaProxy(cluster.connection.brokers[0]!);
});

afterEach(async () => {
  await cluster.close();
  await proxy.close();
});

/** All senders at once; the response to one request in the middle is lost. */
async function sendAll(oracle: Oracle, send: (ids: readonly string[]) => Promise<void>): Promise<void> {
  const sender = async () => {
    for (let i = 0; i < sendsEach; i++) {
      const ids = oracle.issue(recordsPerSend);
      try {
        await send(ids);
        oracle.acknowledge(ids);
      } catch (error) {
        if (isAppError(error) && error.code === 'unavailable') oracle.refuse(ids);
        else oracle.unknown(ids);
      }
    }
  };
  const first = oracle.issue(1);
  await send(first);
  oracle.acknowledge(first);
  proxy.faults.loseResponses('produce');
  await Promise.all(Array.from({ length: senders }, sender));
  expect(proxy.faults.lostResponses).toBe(1);
}

async function audit(oracle: Oracle) {
  const records = await auditTopic(cluster.connection.brokers[0]!, `${cluster.prefix}failures`);
  return oracle.account(records.map(({ value }) => value.toString()));
}

test('bare kafkajs, idempotent, with sends that overlap: LOSES acknowledged records (why our producer is what it is)', async () => {
  const client = new kafkajs.Kafka({ brokers: [proxy.address], logLevel: kafkajs.logLevel.NOTHING });
  const producer = client.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const oracle = new Oracle();
  await sendAll(oracle, async (ids) => {
    const messages = ids.map((value) => ({ key: 'k', value }));
    await producer.send({ topic: `${cluster.prefix}failures`, acks: -1, messages });
  });
  await producer.disconnect();
  const { lost, acknowledged, extraSightings } = await audit(oracle);
  report(`bare kafkajs lost ${lost.length} of ${acknowledged} acknowledged, doubled ${extraSightings}`);
  expect(lost.length).toBeGreaterThan(0);
});

test('our producer loses nothing that it acknowledged, under the same loss', async () => {
  const producer = new RawProducer({ ...cluster.connection, brokers: [proxy.address] });
  await producer.start(new AbortController().signal);
  const oracle = new Oracle();
  await sendAll(oracle, (ids) =>
    producer.sendRaw(ids.map((id) => ({ topic: 'failures', key: 'k', value: Buffer.from(id) }))),
  );
  await producer.stop();
  const account = await audit(oracle);
  report(`ours lost ${account.lost.length} of ${account.acknowledged}, doubled ${account.extraSightings}`);
  expect(account).toMatchObject({ lost: [], neverIssued: [], seenThoughRefused: [] });
  expect(account.acknowledged).toBeGreaterThan(0);
  expect(account.extraSightings).toBe(0);
});
