import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createProducer, readTopic, type Producer } from '@prodsentinel/messaging';
import { createLogger, Health, type Service } from '@prodsentinel/process';
import { TestCluster } from '../../../libs/messaging/test/test-cluster.ts';
import { readAnalyzerConfig } from '../src/config.ts';
import { createDiagnoseStage } from '../src/diagnose/diagnose-stage.ts';
import type { DiagnoseStepDependencies } from '../src/diagnose/diagnose-step.ts';
import { createAnalyzer } from '../src/service.ts';
import { requestFor, signal } from './domain/diagnose/build-request.ts';

// What a human must mend is told by /health/ready, and mended with the command that stands there; the process stays live.

jest.setTimeout(60_000);

let cluster: TestCluster;
let producer: Producer;
const closers: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  cluster = new TestCluster();
  await cluster.setUp(1);
  producer = createProducer({
    connection: cluster.connection,
    codec: cluster.codec,
    topics: ['analysis-requests'],
  });
  closers.push(
    () => cluster.close(),
    () => producer.stop(),
  );
  await producer.start(new AbortController().signal);
});

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** A diagnoser whose step is broken by the test, with the address of its health. */
async function startDiagnoser(
  around: (step: DiagnoseStepDependencies) => DiagnoseStepDependencies,
): Promise<string> {
  const config = readAnalyzerConfig({
    ...serverSettings(),
    ANALYZER_STAGES: 'diagnose',
    HANDLER_HANGS_MS: '300',
    ERRORS_IN_A_ROW_MAX: '2',
    SESSION_TIMEOUT_MS: '3000',
  });
  const logger = createLogger('test', { LOG_LEVEL: 'silent', LOG_FORMAT: 'json' });
  const health = new Health();
  const server = await health.serve('127.0.0.1', 0);
  const context = { logger, health, signal: new AbortController().signal };
  const service: Service = createAnalyzer(config, context, {
    factories: { diagnose: (dependencies) => createDiagnoseStage(dependencies, around) },
  });
  closers.push(
    () => server.close(),
    () => service.stop(),
  );
  await service.start();
  return server.listeningOrigin;
}

function serverSettings(): Record<string, string> {
  const { KAFKA_BROKERS = '', SCHEMA_REGISTRY_URL = '', REDIS_URL = '' } = process.env;
  return { KAFKA_BROKERS, SCHEMA_REGISTRY_URL, REDIS_URL, KAFKA_TOPIC_PREFIX: cluster.prefix };
}

/** Answers their ids. */
async function sendRequests(count: number): Promise<string[]> {
  const requests = Array.from({ length: count }, () =>
    requestFor([signal('e1', 'payments', 'connect ECONNREFUSED')], {
      requestId: randomUUID(),
      incidentId: randomUUID(),
    }),
  );
  await producer.send(
    requests.map((value) => ({ topic: 'analysis-requests' as const, key: value.incidentId, value })),
  );
  return requests.map(({ requestId }) => requestId);
}

/** The requests that the records of a topic are about. */
async function readAll(topic: string, schema: 'analyses' | 'analysis-requests'): Promise<string[]> {
  const records = await readTopic(cluster.connection, topic, { maxRecords: 20 });
  return Promise.all(
    records.map(
      async ({ value }) => (await cluster.codec.decode(schema, value ?? Buffer.alloc(0))).requestId,
    ),
  );
}

/** Asks until the stage is in the state; each answer says that the process is live. */
async function untilState(
  origin: string,
  wanted: 'running' | 'halted',
): Promise<{ state: string; reason: string }> {
  for (;;) {
    const ready = await fetch(`${origin}/health/ready`);
    const { stages } = (await ready.json()) as { stages: { diagnose: { state: string; reason: string } } };
    expect((await fetch(`${origin}/health/live`)).status).toBe(200);
    expect(ready.status).toBe(stages.diagnose.state === 'running' ? 200 : 503);
    if (stages.diagnose.state === wanted) return stages.diagnose;
  }
}

async function metric(origin: string, name: string): Promise<number> {
  const text = await (await fetch(`${origin}/metrics`)).text();
  return Number(new RegExp(`^${name}\\{.*\\} (\\d+)$`, 'm').exec(text)?.[1]);
}

function prodsentinel(...args: string[]) {
  const main = join(import.meta.dirname, '..', '..', '..', 'cli', 'src', 'main.ts');
  return new Promise<{ code: number; data: string; messages: string }>((resolve) => {
    execFile(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', main, ...args],
      { env: { PATH: process.env['PATH'], ...serverSettings() } },
      (error, data, messages) => resolve({ code: error ? Number(error.code) : 0, data, messages }),
    );
  });
}

test('a halted partition makes the stage not ready with the command that resumes it; the command does, and nothing is lost', async () => {
  const build = { isBroken: true };
  const origin = await startDiagnoser((step) => ({
    ...step,
    byRules(request) {
      if (build.isBroken) throw new TypeError('a bug of ours');
      return step.byRules(request);
    },
  }));
  await untilState(origin, 'running');
  const sent = await sendRequests(5);
  const group = `${cluster.prefix}prodsentinel-diagnose`;
  const halted = await untilState(origin, 'halted');
  expect(halted.reason).toMatch(
    /^analysis-requests\/0 is halted: more than 2 records in a row .*a bug of ours/,
  );
  expect(halted.reason).toContain(`prodsentinel partition resume ${group} analysis-requests/0`);
  expect(await metric(origin, 'prodsentinel_consumer_halted_partitions')).toBe(1);

  const list = await prodsentinel('partition', 'list', '--json');
  expect(list.code).toBe(0);
  expect(JSON.parse(list.data)).toMatchObject({
    group,
    partition: 'analysis-requests/0',
    reason: expect.stringContaining('a bug of ours'),
  });
  build.isBroken = false;
  const resumed = await prodsentinel('partition', 'resume', group, 'analysis-requests/0');
  expect(resumed).toMatchObject({ code: 0, messages: expect.stringContaining('goes on') });
  await untilState(origin, 'running');
  expect(await prodsentinel('partition', 'list')).toMatchObject({
    code: 0,
    data: '',
    messages: expect.stringContaining('no partition is halted'),
  });
  expect(await prodsentinel('partition', 'resume', group, 'analysis-requests/0')).toMatchObject({
    code: 1,
    messages: expect.stringContaining('is not halted'),
  });
  // Two were set aside before the halt, perhaps answered as well: they were at work when it came.
  const letters = await readAll('analysis-requests.dlq', 'analysis-requests');
  expect(letters).toHaveLength(2);
  let ids = new Set<string>();
  while (ids.size < sent.length) ids = new Set([...letters, ...(await readAll('analyses', 'analyses'))]);
  expect(ids).toEqual(new Set(sent));
});

test('a handler that hangs makes the stage not ready and is named, until it ends', async () => {
  const gate = Promise.withResolvers<void>();
  const origin = await startDiagnoser((step) => ({
    ...step,
    claims: {
      of(requestId, token) {
        const claim = step.claims.of(requestId, token);
        return { ...claim, acquire: () => gate.promise.then(() => claim.acquire()) };
      },
    },
  }));
  await sendRequests(1);
  const halted = await untilState(origin, 'halted');
  expect(halted).toEqual({
    state: 'halted',
    reason:
      'the handler of analysis-requests/0@0 has not ended within 300 ms: if it never does, restart this process',
  });
  expect(await metric(origin, 'prodsentinel_consumer_hanging_handlers')).toBe(1);
  gate.resolve();
  await untilState(origin, 'running');
});
