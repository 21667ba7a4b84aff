import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, expect, jest, test } from '@jest/globals';
import { plantedLine, startFakeModel, type FakeModel } from '@prodsentinel/fake-model';
import { createProducer, readTopic, type Producer } from '@prodsentinel/messaging';
import { createLogger, Health, type Service } from '@prodsentinel/process';
import { TestCluster } from '../../../libs/messaging/test/test-cluster.ts';
import { readAnalyzerConfig } from '../src/config.ts';
import { createAnalyzer } from '../src/service.ts';
import { requestFor, signal } from './domain/diagnose/build-request.ts';

jest.setTimeout(60_000);

const cluster = new TestCluster();
const services: Service[] = [];
let producer: Producer | undefined;

afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
  await producer?.stop();
  await cluster.close();
});
const fakes: FakeModel[] = [];

afterEach(async () => {
  await Promise.all(fakes.splice(0).map((fake) => fake.stop()));
});

async function openFakeModel(...args: Parameters<typeof startFakeModel>): Promise<FakeModel> {
  const fake = await startFakeModel(...args);
  fakes.push(fake);
  return fake;
}

test('of two diagnosers and every request published twice, each request is one call and one answer', async () => {
  const fake = await openFakeModel();
  await cluster.setUp(2);
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
  });
  const logger = createLogger('test', { LOG_LEVEL: 'silent', LOG_FORMAT: 'json' });
  for (let each = 0; each < 2; each++) {
    const context = { logger, health: new Health(), signal: new AbortController().signal };
    services.push(createAnalyzer(config, context));
  }
  await Promise.all(services.map((service) => service.start()));
  producer = createProducer({
    connection: cluster.connection,
    codec: cluster.codec,
    topics: ['analysis-requests'],
  });
  await producer.start(new AbortController().signal);
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
  await producer.send(records);
  let answers: Buffer[] = [];
  while (answers.length < records.length) {
    const stored = await readTopic(cluster.connection, 'analyses', { maxRecords: 1_000 });
    answers = stored.flatMap(({ value }) => value ?? []);
  }
  expect(fake.seen).toHaveLength(requests.length);
  expect(new Set(answers.map((each) => each.toString('hex'))).size).toBe(requests.length);
});
