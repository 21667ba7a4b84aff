import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { Oracle } from '@prodsentinel/fault-tools';
import { readLag } from '@prodsentinel/messaging';
import { expectCountedOnce, sendTraces } from './observe-traces.ts';
import { startObservedSystem, type ObservedSystem } from './observed-system.ts';
import { ended } from './observer-process.ts';

jest.setTimeout(120_000);

const isFull = process.env['PRODSENTINEL_TEST_FULL'] === '1';
const testWhenFull = isFull ? test : test.skip;
const onlyFull = isFull ? '' : ' (skipped: only with PRODSENTINEL_TEST_FULL=1)';

let system: ObservedSystem;

beforeAll(async () => {
  system = await startObservedSystem();
});

afterEach(() => system?.killObservers());

afterAll(() => system?.stop());

const steps = ['claimed:1', 'gathering:5', 'closing:1', 'published:1', 'finished:1'];

async function killAt(step: string, others: number): Promise<void> {
  const { whole, producer } = system;
  const oracle = new Oracle();
  const before = await whole.totals();
  const victim = await system.start({}, step);
  await Promise.all(Array.from({ length: others }, () => system.start()));
  await sendTraces(producer, oracle, 60);
  expect(await ended(victim)).toBe('SIGKILL');
  await sendTraces(producer, oracle, 60);
  await system.start();
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
  const { whole, producer } = system;
  const oracle = new Oracle();
  const before = await whole.totals();
  const still = await system.start();
  await sendTraces(producer, oracle, 60);
  await still.holdsRecords();
  // With records that it has read and not published, and it does not hear of the rebalance.
  still.child.kill('SIGSTOP');
  await system.start();
  await sendTraces(producer, oracle, 60);
  await whole.settled();
  still.child.kill('SIGCONT');
  await sendTraces(producer, oracle, 60);
  while ((await readLag(whole.connection, 'prodsentinel-observe', ['failures'])) > 0);
  await expectCountedOnce(whole, oracle, before);
});
