import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { afterEach, expect, jest, test } from '@jest/globals';
import { plantedLine, startFakeModel, type FakeModel } from '@prodsentinel/fake-model';
import { killVariable } from '@prodsentinel/fault-tools';
import { createProducer, readLag, readTopic } from '@prodsentinel/messaging';
import { TestCluster } from '../../../libs/messaging/test/test-cluster.ts';
import { requestFor, signal } from './domain/diagnose/build-request.ts';
import { watchLease, type LeaseWatch } from './lease-watch.ts';
import { ended, startDiagnoser } from './diagnoser-process.ts';

jest.setTimeout(120_000);

// Long enough for the heir to come while the dead process still has it.
const leaseMs = 6_000;
const inherited = ['set', 'expired', 'set', 'del'];
const kept = ['set', 'del'];

// What may be paid at each: a call whose answer was not sealed is made once more, nothing else is. And what became of the
// lease, as Redis tells it: the heir claims when the lease of the dead has run out, and not at all once there is an answer.
const points = [
  { point: 'claimed', most: 1, lease: inherited },
  { point: 'counted', most: 1, lease: inherited },
  { point: 'in flight', most: 2, lease: inherited },
  { point: 'answered', most: 2, lease: inherited },
  { point: 'sealed', most: 1, lease: kept },
  { point: 'published', most: 1, lease: kept },
  { point: 'finished', most: 1, lease: kept },
];
const quick = ['in flight', 'sealed'];
const isFull = process.env['PRODSENTINEL_TEST_FULL'] === '1';

let cluster: TestCluster;
let fake: FakeModel;
let watch: LeaseWatch;
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(children.splice(0).map(ended));
  watch.close();
  await cluster.close();
  await fake.stop();
});

async function send(requestId: string): Promise<void> {
  const { connection, codec } = cluster;
  const producer = createProducer({ connection, codec, topics: ['analysis-requests'] });
  await producer.start(new AbortController().signal);
  const value = requestFor([signal('e1', 'payments', plantedLine)], {
    requestId,
    incidentId: randomUUID(),
  });
  await producer.send([{ topic: 'analysis-requests', key: value.incidentId, value }]);
  await producer.stop();
}

async function start(more: Record<string, string>): Promise<ChildProcess> {
  const child = await startDiagnoser({
    KAFKA_TOPIC_PREFIX: cluster.prefix,
    OPENAI_BASE_URL: fake.url,
    LEASE_MS: String(leaseMs),
    MODEL_BUDGET_MINUTE: 'calls=100000',
    MODEL_BUDGET_HOUR: 'calls=100000',
    MODEL_BUDGET_DAY: 'dollars=100000',
    ...more,
  });
  children.push(child);
  return child;
}

/** Until the offset of the request is committed: what is published by then is all there will be. */
async function untilCommitted(): Promise<void> {
  let left = Infinity;
  while (left > 0) left = await readLag(cluster.connection, 'prodsentinel-diagnose', ['analysis-requests']);
}

async function killAt(point: string) {
  cluster = new TestCluster();
  const isInFlight = point === 'in flight';
  const arrived = Promise.withResolvers<void>();
  fake = await startFakeModel((number) => {
    arrived.resolve();
    return { kind: isInFlight && number === 0 ? 'hanging' : 'correct' };
  });
  await cluster.setUp(1);
  const victim = await start(isInFlight ? {} : { [killVariable]: `${point}:1` });
  const requestId = randomUUID();
  watch = await watchLease(requestId);
  await send(requestId);
  if (isInFlight) {
    await arrived.promise;
    victim.kill('SIGKILL');
  }
  expect(await ended(victim)).toBe('SIGKILL');
  // Nobody renews it any more: this is all that is left of it.
  expect(await watch.leftMs()).toBeLessThanOrEqual(leaseMs);
  await start({});
  await untilCommitted();
  const stored = await readTopic(cluster.connection, 'analyses', { maxRecords: 100 });
  const answers = await Promise.all(
    stored.map(async ({ value }) => cluster.codec.decode('analyses', value!)),
  );
  const lease = watch.happened.filter((event) => event !== 'expire');
  return { requestId, answers, calls: fake.seen.length, lease };
}

async function expectPaidOnce(point: string, most: number, expected: readonly string[]): Promise<void> {
  const { requestId, answers, calls, lease } = await killAt(point);
  expect(answers[0]).toMatchObject({ requestId, source: 'model' });
  expect(new Set(answers.map((each) => JSON.stringify(each))).size).toBe(1);
  expect(calls).toBe(most);
  expect(lease).toEqual(expected);
}

const title = 'kill -9 of a diagnoser, $point: one answer, $most calls, and the lease $lease';

test.each(points.filter(({ point }) => quick.includes(point)))(title, ({ point, most, lease }) =>
  expectPaidOnce(point, most, lease),
);

(isFull ? test : test.skip).each(points.filter(({ point }) => !quick.includes(point)))(
  `${title} (PRODSENTINEL_TEST_FULL=1)`,
  ({ point, most, lease }) => expectPaidOnce(point, most, lease),
);
