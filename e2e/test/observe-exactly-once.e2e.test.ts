import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { RawProducer, type MessagingLogger, type RawMessage } from '@prodsentinel/messaging';
import { startWholeSystem, type WholeSystem } from './whole-system.ts';

jest.setTimeout(300_000);

const isFull = process.env['PRODSENTINEL_TEST_FULL'] === '1';
const testWhenFull = isFull ? test : test.skip;
const onlyFull = isFull ? '' : ' (skipped: only with PRODSENTINEL_TEST_FULL=1)';
const silent: MessagingLogger = { debug() {}, info() {}, warn() {}, error() {} };

const problems = ['stock is negative', 'price is missing', 'card was not charged', 'address is unknown'];
const failuresPerTrace = 3;
const tracesPerSend = 50;

let whole: WholeSystem;
let producer: RawProducer;

beforeAll(async () => {
  whole = await startWholeSystem();
  producer = new RawProducer({ ...whole.connection, logger: silent });
  await producer.start(new AbortController().signal);
  // Three observers share the partitions from now on.
  await Promise.all([whole.system.startService('analyzer'), whole.system.startService('analyzer')]);
});

afterAll(async () => {
  await producer?.stop();
  await whole?.stop();
});

/** The failures of a trace; the keys of the last one send it to another partition than the others. */
function failuresOf(trace: string, n: number, keySuffix = ''): RawMessage[] {
  return Array.from({ length: failuresPerTrace }, (_, i) => ({
    topic: 'failures',
    key: i === failuresPerTrace - 1 ? `elsewhere/${trace}${keySuffix}` : `${trace}${keySuffix}`,
    value: Buffer.from(
      JSON.stringify({
        signalId: `${trace}/${i}`,
        traceId: trace,
        service: `service-${n % problems.length}`,
        severityNumber: 17,
        severityText: 'ERROR',
        message: `${problems[n % problems.length]} in order ${n * 7}`,
      }),
    ),
  }));
}

/** Sends traces bit by bit; `sends` times each, under other keys and so mostly to other partitions. */
async function sendTraces(name: string, traces: number, sends: number): Promise<void> {
  for (let from = 0; from < traces; from += tracesPerSend) {
    const numbers = Array.from({ length: Math.min(tracesPerSend, traces - from) }, (_, i) => from + i);
    for (let send = 0; send < sends; send++) {
      const suffix = send === 0 ? '' : `/again${send}`;
      await producer.sendRaw(numbers.flatMap((n) => failuresOf(`${name}${n}`, n, suffix)));
    }
  }
}

async function killAndReplace(count: number): Promise<void> {
  const victims = whole.system.services.analyzer.slice(0, count);
  await Promise.all(victims.map((victim) => victim.kill('SIGKILL')));
  await Promise.all(victims.map(() => whole.system.startService('analyzer')));
}

const atLeast = (failures: number) =>
  whole.untilTrue(`select coalesce(sum(failure_count), 0) >= ${failures} from incidents`);

test('three observers of which some are killed again and again count every signal that was sent twice once, also of traces on two partitions', async () => {
  const before = await whole.totals();
  const traces = 1_000;
  const sent = sendTraces('twice', traces, 2);
  for (const [share, victims] of [
    [0, 1],
    [0.1, 3],
    [0.3, 1],
  ] as const) {
    await atLeast(before.failures + traces * failuresPerTrace * share + 1);
    await killAndReplace(victims);
  }
  await sent;
  await whole.settled();
  const totals = await whole.totals();
  expect(totals.failures - before.failures).toBe(traces * failuresPerTrace);
  expect(totals.traces - before.traces).toBe(traces);
  expect(totals.deadLetters).toBe(0);
});

test('with Redis killed, back and emptied under load, and an observer killed meanwhile, every record is counted once', async () => {
  const before = await whole.totals();
  const traces = 1_000;
  const redis = whole.stack.servers?.redis;
  if (!redis) throw new Error('the stack has no Redis of its own');
  const sent = sendTraces('once', traces, 1);
  await atLeast(before.failures + 1);
  await redis.kill('SIGKILL');
  await killAndReplace(1);
  await redis.restart();
  await whole.flushRedis();
  await killAndReplace(1);
  await sent;
  await whole.settled();
  const totals = await whole.totals();
  expect(totals.failures - before.failures).toBe(traces * failuresPerTrace);
  expect(totals.traces - before.traces).toBe(traces);
  expect(totals.deadLetters).toBe(0);
});

testWhenFull(`twenty kills of one, two or three observers lose and double nothing${onlyFull}`, async () => {
  const before = await whole.totals();
  const traces = 20_000;
  const sent = sendTraces('often', traces, 2);
  for (let kill = 0; kill < 20; kill++) {
    await atLeast(before.failures + (traces * failuresPerTrace * kill) / 40 + 1);
    await killAndReplace(1 + (kill % 3));
  }
  await sent;
  await whole.settled();
  const totals = await whole.totals();
  expect(totals.failures - before.failures).toBe(traces * failuresPerTrace);
  expect(totals.traces - before.traces).toBe(traces);
});
