import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import kafkajs from 'kafkajs';
import { avroTypeOf, emptyRecord, topics } from '@prodsentinel/contracts';
import avro from 'avsc';
import { createCodec, createProducer, setUp, verifyTopics } from '../src/index.ts';
import { TestCluster } from './test-cluster.ts';

jest.setTimeout(60_000);

let cluster: TestCluster;

beforeEach(() => {
  cluster = new TestCluster();
});

afterEach(() => cluster.close());

test('services never create topics: without them they refuse, naming the topics and the command', async () => {
  await expect(verifyTopics(cluster.connection, ['failures'])).rejects.toMatchObject({
    code: 'contract_mismatch',
    message: expect.stringMatching(/failures, .*failures\.dlq: run `prodsentinel setup`/),
  });
});

test('services never register schemas: without them they refuse, naming the topic and the command', async () => {
  await expect(createCodec(cluster.registryUrl, cluster.prefix).prepare(['failures'])).rejects.toMatchObject({
    code: 'contract_mismatch',
    message: expect.stringMatching(/failures is not registered: run `prodsentinel setup`/),
  });
});

test('set-up creates every topic and schema, and doing it again changes nothing', async () => {
  const lines: string[] = [];
  const options = {
    connection: cluster.connection,
    registryUrl: cluster.registryUrl,
    partitions: 3,
    replicationFactor: 1,
    onProgress: (line: string) => lines.push(line.replaceAll(cluster.prefix, '')),
  };
  await setUp(options);
  const first = lines.splice(0);
  await setUp(options);
  expect(first.filter((line) => line.endsWith('created, 3 partitions'))).toHaveLength(topics.length * 2);
  expect(lines.filter((line) => line.endsWith('is there'))).toHaveLength(topics.length * 2);
  expect(lines.slice(-topics.length)).toEqual(first.slice(-topics.length));
  await verifyTopics(cluster.connection, topics);
});

test('every subject is FULL_TRANSITIVE: a change that old readers could not survive is refused by the registry', async () => {
  await cluster.setUp();
  const subject = `${cluster.prefix}failures-value`;
  const config = await (await fetch(`${cluster.registryUrl}/config/${subject}`)).json();
  expect(JSON.stringify(config)).toContain('FULL_TRANSITIVE');
  const schema = JSON.parse(JSON.stringify(avroTypeOf('failures').schema({ exportAttrs: true }))) as {
    fields: unknown[];
  };
  schema.fields.push({ name: 'required', type: 'string' });
  const response = await fetch(`${cluster.registryUrl}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: JSON.stringify(schema) }),
  });
  expect(response.status).toBe(409);
});

test('a topic whose records are not stamped by the broker is refused: counting depends on it', async () => {
  await cluster.setUp();
  const client = new kafkajs.Kafka({
    brokers: [...cluster.connection.brokers],
    logLevel: kafkajs.logLevel.NOTHING,
  });
  const admin = client.admin();
  await admin.connect();
  await admin.alterConfigs({
    validateOnly: false,
    resources: [
      {
        type: kafkajs.ConfigResourceTypes.TOPIC,
        name: `${cluster.prefix}failures`,
        configEntries: [{ name: 'message.timestamp.type', value: 'CreateTime' }],
      },
    ],
  });
  await admin.disconnect();
  await expect(verifyTopics(cluster.connection, ['failures'])).rejects.toMatchObject({
    code: 'contract_mismatch',
    message: expect.stringMatching(/message\.timestamp\.type is CreateTime, not LogAppendTime/),
  });
});

test('a record written by a newer build, with a field that this one does not know, is read', async () => {
  await cluster.setUp();
  const schema = JSON.parse(JSON.stringify(avroTypeOf('failures').schema({ exportAttrs: true }))) as {
    fields: unknown[];
  };
  schema.fields.unshift({ name: 'fromTheFuture', type: ['null', 'string'], default: null });
  const subject = `${cluster.prefix}failures-value`;
  const response = await fetch(`${cluster.registryUrl}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: JSON.stringify(schema) }),
  });
  const { id } = (await response.json()) as { id: number };
  const body = avro.Type.forSchema(schema as avro.Schema).toBuffer({
    ...emptyRecord('failures'),
    fromTheFuture: 'new',
    message: 'hello',
  });
  const header = Buffer.from([0, 0, 0, 0, 0]);
  header.writeInt32BE(id, 1);
  const record = await cluster.codec.decode('failures', Buffer.concat([header, body]));
  expect(record.message).toBe('hello');
});

test('a producer that finds no broker says what it waits for, and goes on when asked to stop', async () => {
  const warnings: string[] = [];
  const logger = {
    debug() {},
    info() {},
    error() {},
    warn: (_: object, message: string) => void warnings.push(message),
  };
  const producer = createProducer({
    connection: { brokers: ['127.0.0.1:1'], clientId: 'test', logger },
    codec: cluster.codec,
    topics: ['failures'],
  });
  const stopping = new AbortController();
  const started = producer.start(stopping.signal);
  const waiting = started.catch((error: unknown) => error);
  while (!warnings.some((each) => each.startsWith('Kafka at')))
    await new Promise((resolve) => setImmediate(resolve));
  stopping.abort();
  expect(await waiting).toMatchObject({ code: 'aborted' });
  expect(warnings.find((each) => each.startsWith('Kafka at'))).toContain('Kafka at 127.0.0.1:1');
});
