import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { startTcpProxy } from '@prodsentinel/fault-tools';
import { exitCodes } from '@prodsentinel/kernel';
import { done, readTopic, type AnyRecord, type Outcome } from '@prodsentinel/messaging';
import { createKafkaClient } from '../../libs/messaging/src/kafka-client.ts';
import { failure, Journal, TestCluster } from '../../libs/messaging/test/test-cluster.ts';
import { createCli } from '../src/cli.ts';
import { runProgram } from '../src/run-program.ts';
import { createTestConsole, runCli } from './run-cli.ts';

jest.setTimeout(120_000);

const redriveKey = 'a key that observe has too';
const groupId = 'prodsentinel-observe';

interface Sent {
  readonly value: string;
  readonly key?: string;
  readonly partition?: number;
  readonly headers?: Record<string, string>;
}

/** What the consumer was given, and how to answer, by message. */
let given: Journal<AnyRecord<'failures'>>;
let answers: Record<string, Outcome>;
let cluster: TestCluster;
const closers: (() => Promise<void>)[] = [];

const settings = () => ({
  KAFKA_BROKERS: cluster.connection.brokers.join(','),
  SCHEMA_REGISTRY_URL: cluster.registryUrl,
  KAFKA_TOPIC_PREFIX: cluster.prefix,
  REDIS_URL: process.env['REDIS_URL'],
  PRODSENTINEL_REDRIVE_KEY: redriveKey,
});

function run(words: string, env: Record<string, string | undefined> = {}, signal?: AbortSignal) {
  return runCli(['dlq', ...words.split(' ')], { ...settings(), ...env }, signal);
}

const deadLetter = (code: string, reason: string): Outcome => ({ kind: 'deadLetter', code, reason });

async function send(...records: Sent[]): Promise<void> {
  const producer = await cluster.rawProducer();
  await producer.sendRaw(
    records.map(({ value, key = 'k', partition = 0, headers = {} }) => ({
      topic: 'failures',
      partition,
      key,
      value: Buffer.from(value),
      headers,
    })),
  );
}

const failureOf = (message: string) => JSON.stringify({ message, severityNumber: 17 });

const stored = (topic: string) => readTopic(cluster.connection, topic, { maxRecords: 1_000 });

/** Waits until so many dead letters are there. */
async function untilSetAside(count: number): Promise<void> {
  while ((await stored('failures.dlq')).length < count);
}

async function consume(key: string | undefined = redriveKey, limits = {}) {
  return cluster.consume(
    {
      mode: 'record',
      concurrency: 1,
      handle(record) {
        given.add(record);
        return Promise.resolve(answers[record.value.message] ?? done);
      },
    },
    { groupId, redriveKey: key, limits },
  );
}

describe('dead letters', () => {
  beforeAll(() => {
    cluster = new TestCluster();
  });
  beforeEach(async () => {
    await cluster.close();
    cluster = new TestCluster();
    given = new Journal();
    answers = {};
    await cluster.setUp(2);
  });
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });
  afterAll(() => cluster.close());

  test('are listed with the reason and the place they came from, and without what they hold', async () => {
    answers = { one: deadLetter('odd', 'it is odd'), two: deadLetter('even', 'it is even') };
    await consume();
    await send(
      { value: failureOf('one') },
      { value: failureOf('fine') },
      { value: failureOf('two'), partition: 1 },
    );
    await send({ value: '{"message":' });
    await untilSetAside(3);
    const { code, data } = await run('list');
    expect(code).toBe(exitCodes.ok);
    expect(data).toHaveLength(3);
    expect(data.join('\n')).toMatch(/failures\.dlq 0\/0 at \S+ from failures 0\/0: odd: it is odd/);
    expect(data.join('\n')).toMatch(/failures\.dlq 1\/0 at \S+ from failures 1\/0: even: it is even/);
    expect(data.join('\n')).toMatch(/failures\.dlq 0\/1 at \S+ from failures 0\/2: undecodable: /);
    expect(data.join('\n')).not.toContain('severityNumber');

    const listed = async (words: string) =>
      (await run(`list failures --json ${words}`)).data.map(
        (line) => (JSON.parse(line) as { code: string }).code,
      );
    expect(await listed('--code odd even')).toEqual(['odd', 'even']);
    expect(await listed('--reason EVEN')).toEqual(['even']);
    expect(await listed('--source 0')).toEqual(['odd', 'undecodable']);
    expect(await listed('--source 0/2 1/0')).toEqual(['undecodable', 'even']);
    expect(await listed('--since 2999-01-01T00:00Z')).toEqual([]);
    expect(await listed('--since 2001-01-01T00:00Z --code odd')).toEqual(['odd']);
    expect((await run('list analyses')).messages).toBe('no dead letter fits');
    expect((await run('list failures --limit 1')).messages).toBe('failures.dlq: 2 more fit (--limit)');
  });

  test('are shown one by one: the value decoded, headers, reason and place, and no secret', async () => {
    answers = { 'password=hunter2': deadLetter('odd', 'it is odd') };
    await consume();
    await cluster.codec.prepare(['failures']);
    const value = cluster.codec.encode('failures', failure('password=hunter2').value);
    const raw = await cluster.rawProducer();
    await raw.sendRaw([{ topic: 'failures', partition: 0, key: 'k', value, headers: {} }]);
    await send({ value: failureOf('password=hunter2'), partition: 1, headers: { mine: 'one' } });
    await send({ value: '{"message":"password=hunter2', partition: 1 });
    await untilSetAside(3);
    expect((await run('show failures 0/0')).data.join('\n')).toMatch(
      /value, \d+ bytes:\n[^]* {4}"message": "password=\[redacted/,
    );
    const shown = await run('show failures 1/0 --json');
    expect(shown).toMatchObject({ code: exitCodes.ok, messages: '' });
    expect(JSON.parse(shown.data.join('\n'))).toMatchObject({
      topic: 'failures.dlq',
      partition: 1,
      offset: 0,
      code: 'odd',
      reason: 'it is odd',
      headers: { mine: 'one' },
      value: { severityNumber: 17, message: expect.stringMatching(/^password=\[redacted/) },
    });
    const undecodable = (await run('show failures 1/1')).data.join('\n');
    expect(undecodable).toContain('failures.dlq 1/1\ncode: undecodable');
    expect(undecodable).toMatch(/not decoded: neither Avro.*\n {2}\{"message":"password=\[redacted/);
    expect((await run('show failures 1/0 --unredacted')).data.join('\n')).toContain('hunter2');
    expect(await run('show failures 1/2')).toMatchObject({
      code: exitCodes.failed,
      data: [],
      messages: expect.stringContaining('failures.dlq holds nothing at 1/2'),
    });
    expect((await run('show failures 7/0')).code).toBe(exitCodes.failed);
    expect((await run('show failures 1')).code).toBe(exitCodes.usage);
  });

  test('are sent back as they were, and known by the place where they first were', async () => {
    answers = { bad: deadLetter('odd', 'it is odd') };
    await consume();
    await send({ value: failureOf('before'), partition: 1 });
    const headers = { traceparent: '00-a-b-01', 'prodsentinel.redrive.source': 'failures/1/1/0' };
    await send({ value: failureOf('bad'), key: 'my key', partition: 1, headers });
    await untilSetAside(1);
    const [, original] = await stored('failures');

    const dry = await run('redrive failures --all');
    expect(dry).toMatchObject({
      code: exitCodes.ok,
      data: ['failures.dlq 1/0 (odd) would be redriven to failures 1/1'],
    });
    expect(await stored('failures')).toHaveLength(2);

    answers = {};
    expect(await run('redrive failures 1/0 --yes')).toEqual({
      code: exitCodes.ok,
      data: ['failures.dlq 1/0 (odd) redriven to failures 1/1'],
      messages: '1 redriven',
    });
    await given.until((records) => records.length === 3);
    const [, , redriven] = await stored('failures');
    expect(redriven).toMatchObject({ partition: 1, offset: 2, key: original?.key, value: original?.value });
    expect(redriven?.headers).toEqual({
      traceparent: '00-a-b-01',
      'prodsentinel.redrive.count': '1',
      'prodsentinel.redrive.source': `failures/1/${original?.timestampMs}/1`,
      'prodsentinel.redrive.signature': expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(given.entries.map(({ source }) => source)).toEqual([
      undefined,
      undefined,
      { topic: 'failures', partition: 1, offset: 1, timestampMs: original?.timestampMs },
    ]);
  });

  test('are sent once: what was redriven is left out, until --again', async () => {
    answers = Object.fromEntries(['a', 'b', 'c'].map((each) => [each, deadLetter('odd', 'it is odd')]));
    await consume();
    await send(...['a', 'b', 'c'].map((each) => ({ value: failureOf(each) })));
    await untilSetAside(3);
    answers = {};
    expect(await run('redrive failures --code odd --limit 2 --yes')).toMatchObject({
      data: [expect.stringContaining('0/0'), expect.stringContaining('0/1')],
      messages: '2 redriven\n1 more fit: do it again to go on (--limit)',
    });
    expect(await run('redrive failures --code odd --limit 2 --yes')).toMatchObject({
      data: [expect.stringContaining('0/2')],
      messages: '2 left out: redriven before (--again)\n1 redriven',
    });
    expect(await run('redrive failures --all --yes')).toMatchObject({
      data: [],
      messages: '3 left out: redriven before (--again)\n0 redriven',
    });
    expect((await run('redrive failures --all --again --yes --rate 2')).data).toHaveLength(3);
    await given.until((records) => records.length === 9);
    const sources = given.entries.slice(3).map(({ source }) => source?.offset ?? -1);
    expect(sources.toSorted((a, b) => a - b)).toEqual([0, 0, 1, 1, 2, 2]);
  });

  test('are remembered although Redis hung up while they were read', async () => {
    const redis = new URL(process.env['REDIS_URL'] ?? '');
    const proxy = await startTcpProxy({ host: redis.hostname, port: Number(redis.port) });
    closers.push(() => proxy.close());
    redis.host = `127.0.0.1:${proxy.port}`;
    answers = { bad: deadLetter('odd', 'it is odd') };
    await consume();
    await send({ value: failureOf('bad') });
    await untilSetAside(1);
    const producer = await cluster.rawProducer();
    await producer.sendRaw([{ topic: 'failures.dlq', partition: 1, key: null, value: null }]);
    const { context, data } = createTestConsole({ ...settings(), REDIS_URL: redis.href });
    const out = (line: string) => {
      context.out(line);
      // That of the stranger: the reading is under way.
      if (line.includes('left out')) proxy.cut();
    };
    const hungUp = { ...context, out };
    const args = ['dlq', 'redrive', 'failures', '--all', '--yes'];
    expect(await runProgram(createCli(hungUp), args, hungUp)).toBe(exitCodes.ok);
    expect(data).toContainEqual(expect.stringContaining('0/0 (odd) redriven'));
    expect((await run('redrive failures 0/0')).messages).toContain('1 left out: redriven before');
  });

  test('that are whole batches are sent record by record when as much may be unpacked, each with its own place', async () => {
    await consume(redriveKey, { maxUnpackedBytes: 100_000 });
    const long = Array.from({ length: 250 }, (_, i) => `${i} ${'x'.repeat(5_000)}`);
    const client = createKafkaClient(cluster.connection, { retries: 0 }).producer();
    await client.connect();
    closers.push(() => client.disconnect());
    await send({ value: failureOf('before') });
    const messages = long.map((each) => ({
      value: failureOf(each),
      key: 'mine',
      partition: 0,
      headers: { a: 'b' },
    }));
    await client.send({ topic: `${cluster.prefix}failures`, compression: 4, messages });
    await untilSetAside(1);
    expect((await run('redrive failures --all --yes')).data).toEqual([
      expect.stringContaining('left out: it is a whole batch, up to offset 250'),
    ]);
    expect(await run('redrive failures --all --unpack 1 --yes')).toMatchObject({
      code: exitCodes.failed,
      data: [expect.stringContaining('refused: it unpacks to more than 1048576 bytes')],
    });
    expect(await run('redrive failures --all --unpack 2 --rate 5000 --yes')).toMatchObject({
      code: exitCodes.ok,
      data: ['failures.dlq 0/0 (batch_too_large) redriven to failures 0/1'],
    });
    await given.until((records) => records.length === long.length + 1);
    const redriven = given.entries.slice(1);
    expect(redriven.map(({ value, source, key }) => [value.message, source?.offset, key])).toEqual(
      long.map((each, i) => [each, i + 1, 'mine']),
    );
    expect(redriven[0]?.headers).toMatchObject({ a: 'b', 'prodsentinel.redrive.count': '1' });
    expect(redriven[0]?.headers).not.toHaveProperty('prodsentinel.batch.last.offset');
    expect((await run('redrive failures --all --unpack 2 --yes')).messages).toContain('1 left out');
  });

  test('that come back keep their first place, and are left alone when they came back too often', async () => {
    answers = { bad: deadLetter('odd', 'it is odd') };
    await consume();
    await send({ value: failureOf('bad') });
    for (const round of [1, 2, 3]) {
      await untilSetAside(round);
      const { data } = await run(`redrive failures 0/${round - 1} --yes`);
      expect(data).toEqual([`failures.dlq 0/${round - 1} (odd) redriven to failures 0/0`]);
    }
    await untilSetAside(4);
    const [last] = (await run('list failures --json --source 0/0')).data
      .map((line) => JSON.parse(line) as { redrives: number; source: { offset: number } })
      .slice(-1);
    expect(last).toMatchObject({ redrives: 3, source: { offset: 0 } });
    expect((await run('redrive failures 0/3 --yes')).data).toEqual([
      'failures.dlq 0/3 (odd) left out: it failed again after 3 redrives (--max-redrives)',
    ]);
    expect((await run('redrive failures 0/3 --yes --max-redrives 4')).data).toHaveLength(1);
    await untilSetAside(5);
    expect(given.entries.map(({ source }) => source?.offset)).toEqual([undefined, 0, 0, 0, 0]);
  });

  test('of failures are not sent without a key, and a place is not believed without one', async () => {
    answers = { bad: deadLetter('odd', 'it is odd') };
    const consumer = await consume('another key');
    await send({ value: failureOf('bad') });
    await untilSetAside(1);
    expect(await run('redrive failures --all --yes', { PRODSENTINEL_REDRIVE_KEY: undefined })).toMatchObject({
      code: exitCodes.misconfigured,
      messages: expect.stringContaining('PRODSENTINEL_REDRIVE_KEY is not set'),
    });
    expect(await stored('failures')).toHaveLength(1);
    answers = {};
    await run('redrive failures --all --yes');
    await given.until((records) => records.length === 2);
    await consumer.stop();
    expect(given.entries.map(({ source }) => source)).toEqual([undefined, undefined]);
  });

  test('are sent only when they are chosen, not where nothing says from where they came, and no more are read after Ctrl-C', async () => {
    for (const words of ['redrive failures --yes', 'redrive failures --all --code odd'])
      expect(await run(words)).toMatchObject({
        code: exitCodes.failed,
        messages: expect.stringContaining('choose by positions or filters, or else --all'),
      });
    const producer = await cluster.rawProducer();
    const topic = 'failures.dlq';
    const headers = { 'prodsentinel.error.code': 'odd\u001b[2J' };
    await producer.sendRaw([{ topic, partition: 0, key: 'k', value: Buffer.from('of a stranger'), headers }]);
    for (const words of ['list', 'redrive failures --all --yes'])
      expect(await run(words, {}, AbortSignal.abort())).toEqual({
        code: exitCodes.ok,
        data: [],
        messages: '',
      });
    expect((await run('redrive failures --all --yes')).data).toEqual([
      'failures.dlq 0/0 (odd [2J) left out: nothing says where it came from',
    ]);
    expect(await stored('failures')).toEqual([]);
  });
});
