import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { startTcpProxy, type TcpProxy } from '@prodsentinel/fault-tools';
import { createCodec, createConsumer, createProducer, done, openSchemaCache } from '../../src/index.ts';
import { failure, Journal, TestCluster } from '../test-cluster.ts';
import { auditTopic } from './audit.ts';

// The schema registry is down, then hangs, then forgets an id: what can be decoded is, what cannot waits or is set aside.

jest.setTimeout(60_000);

let cluster: TestCluster;
let proxy: TcpProxy;
let stopConsumer: () => Promise<void>;
let folder: string;

beforeEach(async () => {
  stopConsumer = async () => undefined;
  cluster = new TestCluster();
  folder = await mkdtemp(join(tmpdir(), 'schemas-'));
  await cluster.setUp(1);
  const { hostname, port } = new URL(cluster.registryUrl);
  proxy = await startTcpProxy({ host: hostname, port: Number(port) });
});

afterEach(async () => {
  await stopConsumer();
  await cluster.close();
  await proxy.close();
  await rm(folder, { recursive: true });
});

function urlOfProxy(): string {
  const url = new URL(cluster.registryUrl);
  url.port = String(proxy.port);
  return url.href;
}

/** A consumer that knows the registry only through the proxy. */
function consumerBehindProxy(codec = createCodec(urlOfProxy(), cluster.prefix)) {
  const handled = new Journal<string>();
  const troubles = new Journal<string>();
  const consumer = createConsumer({
    connection: cluster.connection,
    codec,
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

/** As after a restart: nothing is known but what is on disk. */
function codecFromDisk() {
  const said = new Journal<{ event: string; file: string }>();
  const warn = (fields: object) => said.add(fields as { event: string; file: string });
  const logger = { ...cluster.connection.logger, warn };
  const cache = openSchemaCache({ folder, registryUrl: urlOfProxy(), logger });
  return { codec: createCodec(urlOfProxy(), cluster.prefix, cache), said };
}

/** Starts a producer and a consumer, sends a record from one to the other, stops both. */
async function sendThrough(codec: ReturnType<typeof createCodec>, message: string): Promise<void> {
  const { signal } = new AbortController();
  const { consumer, handled } = consumerBehindProxy(codec);
  const producer = createProducer({ connection: cluster.connection, codec, topics: ['failures'] });
  await Promise.all([producer.start(signal), consumer.start(signal)]);
  await producer.send([failure(message)]);
  await handled.until((messages) => messages.includes(message));
  await producer.stop();
  await consumer.stop();
}

test('what the registry said before lets a producer and a consumer start, encode and decode while it is down', async () => {
  await sendThrough(codecFromDisk().codec, 'with the registry');
  proxy.set({ kind: 'refuse' });
  const { codec, said } = codecFromDisk();
  await sendThrough(codec, 'without it');
  expect(new Set(said.entries.map(({ event }) => event))).toEqual(new Set(['schema_from_cache']));
});

test('a schema of another writer is read from disk, too', async () => {
  await cluster.codec.prepare(['failures']);
  const bytes = cluster.codec.encode('failures', failure('of another writer').value);
  await codecFromDisk().codec.decode('failures', bytes);
  proxy.set({ kind: 'refuse' });
  await expect(codecFromDisk().codec.decode('failures', bytes)).resolves.toMatchObject({
    message: 'of another writer',
  });
  const unseen = Buffer.concat([Buffer.from([0, 0, 9, 9, 9]), bytes.subarray(5)]);
  await expect(codecFromDisk().codec.decode('failures', unseen)).rejects.toMatchObject({
    code: 'unavailable',
  });
});

test('a file that is cut or changed is not used, and said: the start waits for the registry, as without a cache', async () => {
  await codecFromDisk().codec.prepare(['failures']);
  const [place] = await readdir(folder);
  const files = (await readdir(join(folder, place!))).map((name) => join(folder, place!, name));
  expect(files).toHaveLength(2);
  const idFile = files.find((file) => file.includes('/id-'))!;
  await writeFile(idFile, (await readFile(idFile, 'utf8')).slice(0, -1));
  proxy.set({ kind: 'refuse' });
  const { codec, said } = codecFromDisk();
  await expect(codec.prepare(['failures'])).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/the schema registry/),
  });
  expect(said.entries).toEqual([expect.objectContaining({ event: 'schema_cache_refused', file: idFile })]);
  proxy.set({ kind: 'none' });
  await codec.prepare(['failures']);
  proxy.set({ kind: 'refuse' });
  await codecFromDisk().codec.prepare(['failures']);
});
