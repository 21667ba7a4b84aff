import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { plantedLine, startFakeModel, type FakeModel } from '@prodsentinel/fake-model';
import { createProducer, readTopic } from '@prodsentinel/messaging';
import { createLogger, Health, type Service } from '@prodsentinel/process';
import { TestCluster } from '../../../libs/messaging/test/test-cluster.ts';
import { readAnalyzerConfig } from '../src/config.ts';
import { createAnalyzer } from '../src/service.ts';
import { requestFor, signal } from './domain/diagnose/build-request.ts';
import { watchLease } from './lease-watch.ts';

jest.setTimeout(60_000);

let cluster: TestCluster;
const services: Service[] = [];
const fakes: FakeModel[] = [];

beforeEach(async () => {
  cluster = new TestCluster();
  await cluster.setUp(2);
});

afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.stop()));
  await cluster.close();
  await Promise.all(fakes.splice(0).map((fake) => fake.stop()));
});

async function openFakeModel(...args: Parameters<typeof startFakeModel>): Promise<FakeModel> {
  const fake = await startFakeModel(...args);
  fakes.push(fake);
  return fake;
}

async function startDiagnosers(
  count: number,
  fake: FakeModel,
  settings: Record<string, string> = {},
): Promise<void> {
  const config = readAnalyzerConfig({
    KAFKA_BROKERS: process.env['KAFKA_BROKERS'],
    KAFKA_TOPIC_PREFIX: cluster.prefix,
    SCHEMA_REGISTRY_URL: process.env['SCHEMA_REGISTRY_URL'],
    REDIS_URL: process.env['REDIS_URL'],
    ANALYZER_STAGES: 'diagnose',
    LEASE_MS: '2000',
    OPENAI_API_KEY: 'none',
    OPENAI_BASE_URL: fake.url,
    MODEL_BUDGET_MINUTE: 'calls=100000',
    MODEL_BUDGET_HOUR: 'calls=100000',
    MODEL_BUDGET_DAY: 'dollars=100000',
    ...settings,
  });
  const logger = createLogger('test', { LOG_LEVEL: 'silent', LOG_FORMAT: 'json' });
  for (let each = 0; each < count; each++) {
    const context = { logger, health: new Health(), signal: new AbortController().signal };
    services.push(createAnalyzer(config, context));
  }
  await Promise.all(services.map((service) => service.start()));
}

async function send(records: Parameters<ReturnType<typeof createProducer>['send']>[0]): Promise<void> {
  const { connection, codec } = cluster;
  const producer = createProducer({ connection, codec, topics: ['analysis-requests'] });
  await producer.start(new AbortController().signal);
  await producer.send(records);
  await producer.stop();
}

/** Waits until so many answers were published. */
async function readAnswers(count: number): Promise<Buffer[]> {
  for (;;) {
    const stored = await readTopic(cluster.connection, 'analyses', { maxRecords: 1_000 });
    const answers = stored.flatMap(({ value }) => value ?? []);
    if (answers.length >= count) return answers;
  }
}

test('of two diagnosers and every request published twice, each request is one call and one answer', async () => {
  const fake = await openFakeModel();
  await startDiagnosers(2, fake);
  const requests = Array.from({ length: 10 }, () =>
    requestFor([signal('e1', 'payments', plantedLine)], {
      requestId: randomUUID(),
      incidentId: randomUUID(),
    }),
  );
  // Under other keys the second time: on another partition, perhaps with the other diagnoser.
  const records = requests.flatMap((value) =>
    [value.incidentId, randomUUID()].map((key) => ({ topic: 'analysis-requests' as const, key, value })),
  );
  await send(records);
  const answers = await readAnswers(records.length);
  expect(fake.seen).toHaveLength(requests.length);
  expect(new Set(answers.map((each) => each.toString('hex'))).size).toBe(requests.length);
});

test('a call that takes longer than the lease keeps it: nobody else asks meanwhile', async () => {
  const answer = Promise.withResolvers<void>();
  const fake = await openFakeModel(() => ({ kind: 'slow', untilResolved: answer.promise }));
  await startDiagnosers(2, fake, { LEASE_MS: '900' });
  const value = requestFor([signal('e1', 'payments', plantedLine)], { requestId: randomUUID() });
  const watch = await watchLease(value.requestId);
  try {
    // Under several keys: the other diagnoser has it too, and looks again and again.
    await send(['a', 'b', 'c', 'd'].map((key) => ({ topic: 'analysis-requests' as const, key, value })));
    // Three leases long: a renewal comes at each third of one.
    while (watch.happened.filter((event) => event === 'expire').length < 9)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(fake.seen).toHaveLength(1);
    answer.resolve();
    await readAnswers(4);
  } finally {
    answer.resolve();
    watch.close();
  }
  expect(fake.seen).toHaveLength(1);
  expect(watch.happened.filter((event) => event !== 'expire')).toEqual(['set', 'del']);
});

test('of a service that is opted out nothing is sent, and its analysis says so', async () => {
  const fake = await openFakeModel();
  await startDiagnosers(1, fake, { MODEL_OPT_OUT_SERVICES: 'payroll,payments' });
  const value = requestFor([signal('e1', 'payments', plantedLine)], { requestId: randomUUID() });
  await send([{ topic: 'analysis-requests', key: value.incidentId, value }]);
  const [answer] = await readAnswers(1);
  expect(await cluster.codec.decode('analyses', answer!)).toMatchObject({
    requestId: value.requestId,
    source: 'rules',
    withoutModel: 'a service of the incident is opted out',
    askAgainAt: null,
    modelCalls: 0,
  });
  expect(fake.seen).toHaveLength(0);
});
