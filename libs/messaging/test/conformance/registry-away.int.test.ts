import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { startTcpProxy, type TcpProxy } from '@prodsentinel/fault-tools';
import { createCodec, createConsumer, done } from '../../src/index.ts';
import { failure, Journal, TestCluster } from '../test-cluster.ts';
import { auditTopic } from './audit.ts';

// The schema registry is down, then hangs, then forgets an id: what can be decoded is, what cannot waits or is set aside.

jest.setTimeout(60_000);

let cluster: TestCluster;
let proxy: TcpProxy;
let stopConsumer: () => Promise<void>;

beforeEach(async () => {
  stopConsumer = async () => undefined;
  cluster = new TestCluster();
  await cluster.setUp(1);
  const { hostname, port } = new URL(cluster.registryUrl);
  proxy = await startTcpProxy({ host: hostname, port: Number(port) });
});

afterEach(async () => {
  await stopConsumer();
  await cluster.close();
  await proxy.close();
});

/** A consumer that knows the registry only through the proxy. */
function consumerBehindProxy() {
  const handled = new Journal<string>();
  const troubles = new Journal<string>();
  const url = new URL(cluster.registryUrl);
  url.port = String(proxy.port);
  const consumer = createConsumer({
    connection: cluster.connection,
    codec: createCodec(url.href, cluster.prefix),
    groupId: 'registry-away',
    topics: ['failures'],
    onTrouble: (reason) => troubles.add(reason ?? 'none'),
    handler: {
      mode: 'record',
      concurrency: 10,
      async handle({ value }) {
        handled.add(value.message);
        return done;
      },
    },
  });
  stopConsumer = () => consumer.stop();
  return { consumer, handled, troubles };
}

test('a registry that is down at the start is waited for, and said aloud', async () => {
  proxy.set({ kind: 'refuse' });
  const { consumer, handled, troubles } = consumerBehindProxy();
  const started = consumer.start(new AbortController().signal);
  await troubles.until((reasons) => reasons.some((each) => each.includes('registry')));
  proxy.set({ kind: 'none' });
  await started;
  const producer = await cluster.producer();
  await producer.send([failure('after the wait')]);
  await handled.until((messages) => messages.includes('after the wait'));
});

test('a registry that hangs when a record comes holds the record back; nothing is set aside; it is handled when the registry answers', async () => {
  const { consumer, handled, troubles } = consumerBehindProxy();
  await consumer.start(new AbortController().signal);
  const producer = await cluster.producer();
  proxy.set({ kind: 'hang' });
  const raw = await cluster.rawProducer();
  await producer.send([failure('avro', 'a')]);
  await raw.sendRaw([{ topic: 'failures', key: 'b', value: Buffer.from('{"message":"json"}') }]);
  // What needs no lookup flows meanwhile.
  await handled.until((messages) => messages.includes('json'));
  const decodedFromMemory = handled.entries.includes('avro');
  if (!decodedFromMemory)
    await troubles.until((reasons) => reasons.some((each) => each.includes('registry')));
  proxy.set({ kind: 'none' });
  await handled.until((messages) => messages.includes('avro'));
  expect(await auditTopic(cluster.connection.brokers[0]!, `${cluster.prefix}failures.dlq`)).toEqual([]);
});

test('with a registry that goes down later, known schemas are still read; an id it never had is set aside once it is back', async () => {
  const { consumer, handled } = consumerBehindProxy();
  await consumer.start(new AbortController().signal);
  const producer = await cluster.producer();
  await producer.send([failure('known', 'a')]);
  await handled.until((messages) => messages.includes('known'));
  proxy.set({ kind: 'refuse' });
  const raw = await cluster.rawProducer();
  await raw.sendRaw([{ topic: 'failures', key: 'b', value: Buffer.from([0, 9, 9, 9, 9, 1]) }]);
  await producer.send([failure('still known', 'a')]);
  await handled.until((messages) => messages.includes('still known'));
  const dlq = `${cluster.prefix}failures.dlq`;
  expect(await auditTopic(cluster.connection.brokers[0]!, dlq)).toEqual([]);
  proxy.set({ kind: 'none' });
  await producer.send([failure('behind the unknown id', 'b')]);
  await handled.until((messages) => messages.includes('behind the unknown id'));
  const [letter] = await auditTopic(cluster.connection.brokers[0]!, dlq);
  expect(letter?.headers['prodsentinel.error.code']).toBe('undecodable');
});
