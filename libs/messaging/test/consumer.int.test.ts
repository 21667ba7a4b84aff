import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { AppError } from '@prodsentinel/kernel';
import { done, held, type Outcome, type Position } from '../src/index.ts';
import { failure, Journal, TestCluster } from './test-cluster.ts';

jest.setTimeout(60_000);

let cluster: TestCluster;

beforeEach(async () => {
  cluster = new TestCluster();
  await cluster.setUp();
});

afterEach(() => cluster.close());

const shortSession = { sessionTimeoutMs: 1_500, heartbeatIntervalMs: 200, commitIntervalMs: 50 };

async function sendAll(messages: string[], key?: string): Promise<void> {
  const producer = await cluster.producer();
  await producer.send(messages.map((message) => failure(message, key)));
}

/** The messages that a new member of the group is given first: everything at or above the committed offsets. */
async function redelivered(groupId: string, count: number): Promise<string[]> {
  const journal = new Journal<string>();
  const consumer = await cluster.consume(
    {
      mode: 'batch',
      maxRecords: 100,
      async handle(records) {
        journal.add(...records.map(({ value }) => value.message));
        return records.map(() => done);
      },
    },
    { groupId, limits: shortSession },
  );
  await journal.until(({ length }) => length >= count);
  await consumer.stop();
  return journal.entries;
}

test('what is done is not given out again, what is held is, with everything behind it', async () => {
  const groupId = randomUUID();
  const journal = new Journal<string>();
  const consumer = await cluster.consume(
    {
      mode: 'batch',
      maxRecords: 100,
      async handle(records) {
        journal.add(...records.map(({ value }) => value.message));
        return records.map(({ value }) => (value.message === 'c' ? held : done));
      },
    },
    { groupId },
  );
  await sendAll(['a', 'b', 'c', 'd']);
  await journal.until(({ length }) => length === 4);
  await consumer.stop();
  expect(await redelivered(groupId, 2)).toEqual(['c', 'd']);
});

test('a held record that is finished later lets the offset move', async () => {
  const groupId = randomUUID();
  const positions = new Journal<Position>();
  const consumer = await cluster.consume(
    {
      mode: 'batch',
      maxRecords: 100,
      async handle(records) {
        positions.add(...records);
        return records.map(() => held);
      },
    },
    { groupId },
  );
  await sendAll(['a', 'b', 'c']);
  await positions.until(({ length }) => length === 3);
  expect(consumer.inFlight).toBe(3);
  consumer.finishHeld(positions.entries.slice(0, 2));
  await consumer.stop();
  expect(await redelivered(groupId, 1)).toEqual(['c']);
});

test('what can never be decoded is set aside with the reason and its bytes, and the records around it are handled', async () => {
  const groupId = 'prodsentinel-observe';
  const journal = new Journal<string>();
  await cluster.consume(
    {
      mode: 'batch',
      maxRecords: 100,
      async handle(records) {
        journal.add(...records.map(({ value }) => value.message));
        return records.map(() => done);
      },
    },
    { groupId },
  );
  const raw = await cluster.rawProducer();
  const bad = {
    garbage: Buffer.from([1, 0xff, 0xc3]),
    'broken json': Buffer.from('{"message": '),
    'json of another shape': Buffer.from('{"message": 7}'),
    'json nested without end': Buffer.from(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
    'unknown schema id': Buffer.from([0, 0, 9, 9, 9, 1, 2]),
    'short header': Buffer.from([0, 1]),
    'truncated avro': cluster.codec.encode('failures', failure('x').value).subarray(0, 12),
  };
  await sendAll(['before'], 'same');
  for (const [name, value] of Object.entries(bad)) {
    await raw.sendRaw([{ topic: 'failures', key: 'same', value, headers: { mine: name } }]);
  }
  await raw.sendRaw([{ topic: 'failures', key: 'same', value: Buffer.from('{"message":"as json"}') }]);
  await sendAll(['after'], 'same');
  await journal.until((messages) => messages.includes('after'));
  expect(journal.entries).toEqual(['before', 'as json', 'after']);

  const letters = await readTopic(`${cluster.prefix}failures.dlq`, Object.keys(bad).length);
  expect(letters.map(({ headers }) => headers['mine'])).toEqual(Object.keys(bad));
  for (const letter of letters) {
    expect(letter.key).toBe('same');
    expect(letter.value.equals(bad[letter.headers['mine'] as keyof typeof bad])).toBe(true);
    expect(letter.headers).toMatchObject({
      '__dlq.errors.topic': 'failures',
      '__dlq.errors.partition': String(letter.partition),
      '__dlq.errors.group': groupId,
      'prodsentinel.stage': 'observe',
      'prodsentinel.error.code': expect.stringMatching(/undecodable|invalid_input/),
    });
  }
});

test('a batch handler may work on several partitions at once, on each in order', async () => {
  const journal = new Journal<string>();
  const gate = Promise.withResolvers<void>();
  const entered = new Set<number>();
  await cluster.consume({
    mode: 'batch',
    maxRecords: 2,
    concurrency: 2,
    async handle(records) {
      for (const { partition } of records) entered.add(partition);
      // Goes on when both partitions are at work: with one call at a time that never happens.
      if (entered.size === 2) gate.resolve();
      await gate.promise;
      journal.add(...records.map(({ partition, value }) => `${partition}:${value.message}`));
      return records.map(() => done);
    },
  });
  const raw = await cluster.rawProducer();
  const messages = ['a', 'b', 'c', 'd', 'e'];
  const keys = ['k0', 'k1', 'k2', 'k3', 'k4', 'k5'];
  await raw.sendRaw(
    messages.flatMap((message) =>
      keys.map((key) => ({
        topic: 'failures' as const,
        key,
        value: cluster.codec.encode('failures', failure(`${key}${message}`).value),
      })),
    ),
  );
  await journal.until(({ length }) => length === messages.length * keys.length);
  expect(entered.size).toBe(2);
  for (const key of keys)
    expect(journal.entries.filter((each) => each.includes(key)).map((each) => each.at(-1))).toEqual(messages);
});

test('a batch that fails for good is halved until the record that cannot be processed stands alone', async () => {
  const handled = new Journal<string>();
  await cluster.consume({
    mode: 'batch',
    maxRecords: 100,
    async handle(records) {
      if (records.some(({ value }) => value.message === 'poison'))
        throw new AppError('invalid_input', 'poisoned');
      handled.add(...records.map(({ value }) => value.message));
      return records.map(() => done);
    },
  });
  const messages = ['1', '2', '3', 'poison', '4', '5', '6', '7'];
  await sendAll(messages);
  await handled.until(({ length }) => length === 7);
  expect(handled.entries).toEqual(messages.filter((message) => message !== 'poison'));
  const [letter] = await readTopic(`${cluster.prefix}failures.dlq`, 1);
  expect(letter?.headers).toMatchObject({ '__dlq.errors.message': 'poisoned', '__dlq.errors.offset': '3' });
});

test('while a dependency is away the same records are tried again, and nothing is set aside', async () => {
  const outcomes = new Journal<string>();
  let failuresLeft = 4;
  await cluster.consume({
    mode: 'batch',
    maxRecords: 100,
    async handle(records) {
      if (failuresLeft-- > 0)
        throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
      outcomes.add(...records.map(({ value, attempt }) => `${value.message}@${attempt}`));
      return records.map(() => done);
    },
  });
  await sendAll(['a', 'b']);
  await outcomes.until(({ length }) => length >= 2);
  expect(outcomes.entries).toEqual(['a@5', 'b@5']);
});

test('a handler slower than three sessions is not interrupted, and its record comes once; other keys flow meanwhile', async () => {
  const started = new Journal<string>();
  const slow = Promise.withResolvers<void>();
  const consumer = await cluster.consume(
    {
      mode: 'record',
      concurrency: 10,
      async handle({ value, key }): Promise<Outcome> {
        started.add(`${key}:${value.message}`);
        if (key === 'slow') await slow.promise;
        return done;
      },
    },
    { limits: shortSession },
  );
  const producer = await cluster.producer();
  await producer.send([failure('1', 'slow'), failure('2', 'slow'), failure('1', 'other')]);
  const startedAt = performance.now();
  const beats = Math.ceil((3 * shortSession.sessionTimeoutMs) / 250);
  for (let beat = 0; beat <= beats; beat++) {
    await producer.send([failure(`beat ${beat}`, `other-${beat}`)]);
    await started.until((entries) => entries.includes(`other-${beat}:beat ${beat}`));
    const nextAt = startedAt + beat * 250;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, nextAt - performance.now())));
  }
  expect(started.entries.filter((entry) => entry.startsWith('slow'))).toEqual(['slow:1']);
  slow.resolve();
  await started.until((entries) => entries.includes('slow:2'));
  expect(started.entries.filter((entry) => entry === 'slow:1')).toHaveLength(1);
  expect(new Set(started.entries).size).toBe(started.entries.length);
  expect(consumer.inFlight).toBeLessThanOrEqual(1);
});

test('two members share the work, and a member that leaves hands over without a loss', async () => {
  const groupId = randomUUID();
  const seen = new Journal<string>();
  const handler = {
    mode: 'batch' as const,
    maxRecords: 10,
    async handle(records: readonly { value: { message: string } }[]) {
      seen.add(...records.map(({ value }) => value.message));
      return records.map(() => done);
    },
  };
  const first = await cluster.consume(handler, { groupId, limits: shortSession });
  await cluster.consume(handler, { groupId, limits: shortSession });
  const producer = await cluster.producer();
  const messages = Array.from({ length: 200 }, (_, i) => `m${i}`);
  await producer.send(messages.slice(0, 100).map((message, i) => failure(message, `key-${i}`)));
  await seen.until((entries) => entries.length >= 20);
  await first.stop();
  await producer.send(messages.slice(100).map((message, i) => failure(message, `key-${i}`)));
  await seen.until((entries) => new Set(entries).size === messages.length);
  expect([...new Set(seen.entries)].toSorted()).toEqual(messages.toSorted());
});

interface Letter {
  partition: number;
  key: string;
  value: Buffer;
  headers: Record<string, string>;
}

/** Reads with the bare client: an auditor must not share the code it audits. */
async function readTopic(topic: string, count: number): Promise<Letter[]> {
  const client = new kafkajs.Kafka({
    brokers: [...cluster.connection.brokers],
    logLevel: kafkajs.logLevel.NOTHING,
  });
  const consumer = client.consumer({ groupId: randomUUID() });
  const letters = new Journal<Letter>();
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]);
      letters.add({
        partition,
        key: String(message.key),
        value: message.value ?? Buffer.alloc(0),
        headers: Object.fromEntries(headers) as Record<string, string>,
      });
    },
  });
  await letters.until(({ length }) => length >= count);
  await consumer.disconnect();
  return letters.entries;
}
