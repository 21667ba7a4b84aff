import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { avroTypeOf, emptyRecord, type FailureSignal } from '@prodsentinel/contracts';
import { RawProducer, type RecordSource } from '@prodsentinel/messaging';
import { Redis } from 'ioredis';
import { runCli } from '../../cli/test/run-cli.ts';
import { createRedisSignalClaims } from '../../services/analyzer/src/adapters/redis-signal-claims.ts';
import { startWholeSystem, type WholeSystem } from './whole-system.ts';

jest.setTimeout(120_000);

const redriveKey = 'the key of this test';
let whole: WholeSystem;
let producer: RawProducer;

beforeAll(async () => {
  whole = await startWholeSystem({ PRODSENTINEL_REDRIVE_KEY: redriveKey });
  producer = new RawProducer(whole.connection);
  await producer.start(new AbortController().signal);
});

afterAll(async () => {
  await producer?.stop();
  await whole?.stop();
});

const failure: FailureSignal = {
  ...emptyRecord('failures'),
  traceId: 'a1',
  service: 'cart',
  severityNumber: 17,
  message: 'disk full: ENOSPC',
};

const send = (value: Buffer) => producer.sendRaw([{ topic: 'failures', key: 'a1', value }]);

function dlq(words: string) {
  return runCli(['dlq', ...words.split(' ')], { ...whole.stack.env, PRODSENTINEL_REDRIVE_KEY: redriveKey });
}

/** Registers a schema; answers the id that the registry gave it. */
async function register(subject: string, schema: object): Promise<number> {
  const response = await fetch(`${whole.registryUrl}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ schema: JSON.stringify(schema) }),
  });
  return ((await response.json()) as { id: number }).id;
}

/** The schema of failures, with a field behind the others that this build does not know: absent, it is a byte 0. */
function schemaAhead(): object {
  const { fields, ...rest } = avroTypeOf('failures').schema({ exportAttrs: true }) as { fields: object[] };
  return { ...rest, fields: [...fields, { name: 'ahead', type: ['null', 'string'], default: null }] };
}

async function countedBits(): Promise<string[]> {
  const rows = await whole.database.query<{ counted: string }>(
    `select partition || '/' || append_hour || '/' || block || ' ' || left(counted::text, 8) as counted from counted_blocks`,
  );
  return rows.map(({ counted }) => counted);
}

/** As an observer does that gets on with the record, and sets it aside all the same, for an error of its own. */
async function claimAsItsFirstObserver(signalId: string): Promise<void> {
  const [line] = (await dlq('list failures --json')).data;
  const { source } = JSON.parse(line!) as { source: RecordSource };
  const position = `failures/${source.partition}/${source.timestampMs}/${source.offset}`;
  const redis = new Redis(whole.stack.env.REDIS_URL);
  await createRedisSignalClaims(redis, 60_000).claim([{ environment: 'default', signalId, position }]);
  redis.disconnect();
}

async function totals() {
  const { failures, traces, deadLetters } = await whole.totals();
  return { failures, traces, deadLetters };
}

test('what could not be read is redriven when it can be, and counted once where it first was, however often, also without Redis', async () => {
  await send(Buffer.from(JSON.stringify({ ...failure, signalId: 'one' })));
  // The next id of the registry: a producer was ahead of it.
  const id = (await register('before', { type: 'record', name: 'Before', fields: [] })) + 1;
  const header = Buffer.alloc(5);
  header.writeUInt32BE(id, 1);
  const body = avroTypeOf('failures').toBuffer({ ...failure, signalId: 'two' });
  await send(Buffer.concat([header, body, Buffer.from([0])]));
  await whole.settled();
  expect(await totals()).toEqual({ failures: 1, traces: 1, deadLetters: 1 });
  const [before] = await countedBits();

  expect(await register('ahead', schemaAhead())).toBe(id);
  await claimAsItsFirstObserver('two');
  // What an observer was told of an id, it believes for a while.
  await whole.system.services.analyzer[0]!.stop();
  await whole.system.startService('analyzer');
  expect(await dlq('redrive failures --code undecodable --yes')).toMatchObject({
    code: 0,
    messages: '1 redriven',
  });
  await whole.untilTrue('select sum(failure_count) = 2 from incidents');
  await whole.settled();
  expect(await totals()).toEqual({ failures: 2, traces: 1, deadLetters: 1 });
  // Beside the first, in the same block and hour: not where it was read the second time, behind itself.
  expect(before).toMatch(/\/0 10000000$/);
  expect(await countedBits()).toEqual([before!.replace(' 10', ' 11')]);

  await whole.flushRedis();
  expect((await dlq('redrive failures --all --yes')).messages).toBe('1 redriven');
  expect((await dlq('redrive failures --all --again --yes')).messages).toBe('1 redriven');
  await whole.settled();
  expect(await totals()).toEqual({ failures: 2, traces: 1, deadLetters: 1 });
});

test('what was counted and whose trace was removed since does not come back as a new trace', async () => {
  await whole.database.query('delete from traces');
  expect((await dlq('redrive failures --all --again --yes')).messages).toBe('1 redriven');
  await whole.settled();
  expect(await totals()).toEqual({ failures: 2, traces: 0, deadLetters: 1 });
});
