import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import kafkajs from 'kafkajs';
import { Oracle } from '@prodsentinel/fault-tools';
import { howVariable } from '../../services/analyzer/test/fixtures/dying-observe-stage.ts';
import { expectCountedOnce, failuresPerTrace, sendTraces } from './observe-traces.ts';
import { startObservedSystem, type ObservedSystem } from './observed-system.ts';
import { ended } from './observer-process.ts';

// One process that observes in two threads is to the outside one process, and to Kafka two members.

jest.setTimeout(120_000);

/** As the whole system has them. */
const partitions = 4;

let system: ObservedSystem;

beforeAll(async () => {
  system = await startObservedSystem({ OBSERVE_THREADS: '2' });
});

afterEach(() => system?.killObservers());

afterAll(() => system?.stop());

async function membersOf(groupId: string): Promise<number | undefined> {
  const admin = new kafkajs.Kafka({ brokers: [...system.whole.connection.brokers] }).admin();
  await admin.connect();
  const { groups } = await admin.describeGroups([groupId]);
  await admin.disconnect();
  return groups[0]?.members.length;
}

test('both threads have partitions, the metrics are their sums, and both drain when the process is asked to stop', async () => {
  const { whole, producer } = system;
  const oracle = new Oracle();
  const before = await whole.totals();
  const observer = await system.start();
  expect(await membersOf('prodsentinel-observe')).toBe(2);
  while ((await observer.metric('prodsentinel_consumer_partitions')) !== partitions);
  await sendTraces(producer, oracle, 60);
  await expectCountedOnce(whole, oracle, before);
  expect(await observer.metric('prodsentinel_observe_records_total')).toBe(60 * failuresPerTrace);
  await sendTraces(producer, oracle, 60);
  // What it has not taken yet when it is asked to stop is its heir's.
  while ((await observer.metric('prodsentinel_observe_records_total')) < 120 * failuresPerTrace);
  observer.child.kill('SIGTERM');
  const [code] = (await once(observer.child, 'exit')) as [number];
  expect(code).toBe(0);
  // Nothing of it is left to be read again: what was open was published and committed before it went.
  const heir = await system.start();
  await sendTraces(producer, oracle, 20);
  await expectCountedOnce(whole, oracle, before);
  expect(await heir.metric('prodsentinel_observe_records_total')).toBe(20 * failuresPerTrace);
});

test('kill -9 while a thread closes windows: every record is counted once, and no trace is missing', async () => {
  const { whole, producer } = system;
  const oracle = new Oracle();
  const before = await whole.totals();
  const victim = await system.start({}, 'closing:1');
  await sendTraces(producer, oracle, 60);
  expect(await ended(victim)).toBe('SIGKILL');
  await sendTraces(producer, oracle, 60);
  await system.start();
  await expectCountedOnce(whole, oracle, before);
});

test('a thread that ends ends the process with an error; every record is counted once', async () => {
  const { whole, producer } = system;
  const oracle = new Oracle();
  const before = await whole.totals();
  const victim = await system.start({ [howVariable]: 'throw' }, 'gathering:5');
  await sendTraces(producer, oracle, 60);
  await ended(victim);
  expect(victim.child.exitCode).toBe(1);
  await system.start();
  await expectCountedOnce(whole, oracle, before);
});

test('a thread whose loop stands still: the process says that it is not live, and ends in its grace period when it is asked to', async () => {
  const { whole, producer } = system;
  const oracle = new Oracle();
  const before = await whole.totals();
  const victim = await system.start({ [howVariable]: 'block', SHUTDOWN_GRACE_MS: '1000' }, 'gathering:1');
  await sendTraces(producer, oracle, 60);
  let why = await victim.whyNotLive();
  while (why === undefined) why = await victim.whyNotLive();
  expect(why).toMatch(/observe thread \d did not answer within/);
  victim.child.kill('SIGTERM');
  await ended(victim);
  expect(victim.child.exitCode).toBe(1);
  await system.start();
  await expectCountedOnce(whole, oracle, before);
});
