import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { Oracle } from '@prodsentinel/fault-tools';
import { RawProducer, readLag, type MessagingLogger } from '@prodsentinel/messaging';
import { expectCountedOnce, sendTraces } from './observe-traces.ts';
import { ended, startObserver, type Observer } from './observer-process.ts';
import { startWholeSystem, type WholeSystem } from './whole-system.ts';

jest.setTimeout(120_000);

const isFull = process.env['PRODSENTINEL_TEST_FULL'] === '1';
const testWhenFull = isFull ? test : test.skip;
const onlyFull = isFull ? '' : ' (skipped: only with PRODSENTINEL_TEST_FULL=1)';
const silent: MessagingLogger = { debug() {}, info() {}, warn() {}, error() {} };

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

const steps = ['claimed:1', 'gathering:5', 'closing:1', 'published:1', 'finished:1'];

async function killAt(step: string, others: number): Promise<void> {
  const oracle = new Oracle();
  const before = await whole.totals();
  const [victim] = await start(1, step);
  await start(others);
  await sendTraces(producer, oracle, 60);
  expect(await ended(victim!)).toBe('SIGKILL');
  await sendTraces(producer, oracle, 60);
  await start(1);
  await expectCountedOnce(whole, oracle, before);
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
  await sendTraces(producer, oracle, 60);
  await still!.holdsRecords();
  // With records that it has read and not published, and it does not hear of the rebalance.
  still!.child.kill('SIGSTOP');
  await start(1);
  await sendTraces(producer, oracle, 60);
  await whole.settled();
  still!.child.kill('SIGCONT');
  await sendTraces(producer, oracle, 60);
  while ((await readLag(whole.connection, 'prodsentinel-observe', ['failures'])) > 0);
  await expectCountedOnce(whole, oracle, before);
});
