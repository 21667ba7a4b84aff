import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { Oracle } from '@prodsentinel/fault-tools';
import { RawProducer, readLag, type MessagingLogger } from '@prodsentinel/messaging';
import { ended, startObserver, type Observer } from './observer-process.ts';
import { startWholeSystem, type WholeSystem } from './whole-system.ts';

jest.setTimeout(120_000);

const isFull = process.env['PRODSENTINEL_TEST_FULL'] === '1';
const testWhenFull = isFull ? test : test.skip;
const onlyFull = isFull ? '' : ' (skipped: only with PRODSENTINEL_TEST_FULL=1)';
const silent: MessagingLogger = { debug() {}, info() {}, warn() {}, error() {} };
const failuresPerTrace = 3;

let whole: WholeSystem;
let producer: RawProducer;
const observers: Observer[] = [];

beforeAll(async () => {
  whole = await startWholeSystem({ ANALYZER_STAGES: 'diagnose' });
  producer = new RawProducer({ ...whole.connection, logger: silent });
  await producer.start(new AbortController().signal);
});

afterEach(async () => {
  for (const { child } of observers) child.kill('SIGKILL');
  await Promise.all(observers.splice(0).map(ended));
});

afterAll(async () => {
  await producer?.stop();
  await whole?.stop();
});

async function start(count: number, killAt?: string): Promise<Observer[]> {
  const started = await Promise.all(
    Array.from({ length: count }, () => startObserver(whole.stack.env, killAt)),
  );
  observers.push(...started);
  return started;
}

/** Traces, the last failure of each on another partition than the others. */
async function sendTraces(oracle: Oracle, count: number): Promise<void> {
  const traces = oracle.issue(count);
  await producer.sendRaw(
    traces.flatMap((trace, n) =>
      Array.from({ length: failuresPerTrace }, (_, i) => ({
        topic: 'failures' as const,
        key: i === failuresPerTrace - 1 ? `elsewhere/${trace}` : trace,
        value: Buffer.from(
          JSON.stringify({
            signalId: `${trace}/${i}`,
            traceId: trace,
            service: `service-${n % 4}`,
            severityNumber: 17,
            message: `the step ${['before', 'behind', 'within', 'after'][n % 4]} it failed`,
          }),
        ),
      })),
    ),
  );
  oracle.acknowledge(traces);
}

/** What the database holds, beside what was sent since `before`. */
async function expectCountedOnce(oracle: Oracle, before: { failures: number }): Promise<void> {
  await whole.settled();
  const totals = await whole.totals();
  const rows = await whole.database.query<{ trace_id: string }>('select distinct trace_id from traces');
  const account = oracle.account(rows.map(({ trace_id }) => trace_id));
  expect(account.lost).toEqual([]);
  expect(totals.failures - before.failures).toBe(account.acknowledged * failuresPerTrace);
  expect(totals.deadLetters).toBe(0);
}

const steps = ['claimed:1', 'gathering:5', 'closing:1', 'published:1', 'finished:1'];

async function killAt(step: string, others: number): Promise<void> {
  const oracle = new Oracle();
  const before = await whole.totals();
  const [victim] = await start(1, step);
  await start(others);
  await sendTraces(oracle, 60);
  expect(await ended(victim!)).toBe('SIGKILL');
  await sendTraces(oracle, 60);
  await start(1);
  await expectCountedOnce(oracle, before);
}

test('kill -9 of the only observer at closing:1: every record is counted once, and no trace is missing', () =>
  killAt('closing:1', 0));

const cases = steps.flatMap((step) => [0, 2].map((others) => [step, others] as const));
testWhenFull.each(cases)(
  `kill -9 of an observer at %s, with %i others: every record is counted once, and no trace is missing${onlyFull}`,
  killAt,
);

test('an observer that stands still until its partitions are others’, and then goes on, changes no count', async () => {
  const oracle = new Oracle();
  const before = await whole.totals();
  const [still] = await start(1);
  await sendTraces(oracle, 60);
  await still!.holdsRecords();
  // With records that it has read and not published, and it does not hear of the rebalance.
  still!.child.kill('SIGSTOP');
  await start(1);
  await sendTraces(oracle, 60);
  await whole.settled();
  still!.child.kill('SIGCONT');
  await sendTraces(oracle, 60);
  while ((await readLag(whole.connection, 'prodsentinel-observe', ['failures'])) > 0);
  await expectCountedOnce(oracle, before);
});
