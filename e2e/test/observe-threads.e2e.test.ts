import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import kafkajs from 'kafkajs';
import { Oracle } from '@prodsentinel/fault-tools';
import { RawProducer, type MessagingLogger } from '@prodsentinel/messaging';
import { howVariable } from '../../services/analyzer/test/fixtures/dying-observe-stage.ts';
import { expectCountedOnce, failuresPerTrace, sendTraces } from './observe-traces.ts';
import { ended, startObserver, type Observer } from './observer-process.ts';
import { startWholeSystem, type WholeSystem } from './whole-system.ts';

// One process that observes in two threads is to the outside one process, and to Kafka two members.

jest.setTimeout(120_000);

const silent: MessagingLogger = { debug() {}, info() {}, warn() {}, error() {} };

/** As the whole system has them. */
const partitions = 4;

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

async function membersOf(groupId: string): Promise<number | undefined> {
  const admin = new kafkajs.Kafka({ brokers: [...whole.connection.brokers] }).admin();
  await admin.connect();
  const { groups } = await admin.describeGroups([groupId]);
  await admin.disconnect();
  return groups[0]?.members.length;
}

async function start(settings: object = {}, killAt = ''): Promise<Observer> {
  const observer = await startObserver({ ...whole.stack.env, OBSERVE_THREADS: '2', ...settings }, killAt);
  observers.push(observer);
  return observer;
}

test('both threads have partitions, the metrics are their sums, and both drain when the process is asked to stop', async () => {
  const oracle = new Oracle();
  const before = await whole.totals();
  const observer = await start();
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
  const heir = await start();
  await sendTraces(producer, oracle, 20);
  await expectCountedOnce(whole, oracle, before);
  expect(await heir.metric('prodsentinel_observe_records_total')).toBe(20 * failuresPerTrace);
});

test('kill -9 while a thread closes windows: every record is counted once, and no trace is missing', async () => {
  const oracle = new Oracle();
  const before = await whole.totals();
  const victim = await start({}, 'closing:1');
  await sendTraces(producer, oracle, 60);
  expect(await ended(victim)).toBe('SIGKILL');
  await sendTraces(producer, oracle, 60);
  await start();
  await expectCountedOnce(whole, oracle, before);
});

test('a thread that ends ends the process with an error; every record is counted once', async () => {
  const oracle = new Oracle();
  const before = await whole.totals();
  const victim = await start({ [howVariable]: 'throw' }, 'gathering:5');
  await sendTraces(producer, oracle, 60);
  await ended(victim);
  expect(victim.child.exitCode).toBe(1);
  await start();
  await expectCountedOnce(whole, oracle, before);
});
