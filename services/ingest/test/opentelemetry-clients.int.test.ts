import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startCollector } from './collector/start-collector.ts';
import { buildCollector, installPythonPackages, pythonSdk, type Installed } from './foreign-clients.ts';
import { runNodeProgram, runPythonProgram } from './opentelemetry-programs.ts';
import { RunningIngest } from './running-ingest.ts';

jest.setTimeout(90_000);

const isFull = process.env['PRODSENTINEL_TEST_FULL'] === '1';
const python = await installPythonPackages(...pythonSdk);
const collector: Installed = isFull ? await buildCollector() : { missing: 'npm run test:full' };
const token = randomUUID();
const ingest = new RunningIngest();
let folder: string;

// The programs of docs/sending.md, with a token of their source given as it says there.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prodsentinel-tokens-'));
  const file = join(folder, 'tokens.json');
  const sha256 = createHash('sha256').update(token).digest('hex');
  await writeFile(file, JSON.stringify({ tokens: [{ name: 'shop', sha256 }] }));
  await ingest.start({ INGEST_TOKENS_FILE: file });
});
afterAll(async () => {
  await ingest.close();
  await rm(folder, { recursive: true, force: true });
});

test("OpenTelemetry's SDK for Node: every field", async () => {
  await runNodeProgram({ endpoint: ingest.url, service: 'node-shop', token });
  await expectLogAndSpan(nodeFailure('node-shop'));
});

testWith(python, "OpenTelemetry's SDK for Python: every field", async (packages) => {
  await runPythonProgram(packages, { endpoint: ingest.url, service: 'python-shop', token });
  await expectLogAndSpan({
    service: 'python-shop',
    type: 'ValueError',
    frame: / in charge_card\n/,
    // It does not look for a host: what it says of the instance stands in.
    host: expect.stringMatching(/^[0-9a-f-]{36}$/),
    severityText: 'ERROR',
    spanMessage: 'ValueError: card expired',
    logAttributes: { 'code.function.name': '<module>', 'code.line.number': '23' },
  });
});

testWith(collector, 'an OpenTelemetry Collector passes on every field', async (binary) => {
  const started = await startCollector(binary, { ingestUrl: ingest.url, token });
  try {
    await runNodeProgram({ endpoint: started.url, service: 'collected-shop' });
    await expectLogAndSpan(nodeFailure('collected-shop'));
  } finally {
    await started.stop();
  }
});

interface Sent {
  readonly service: string;
  readonly type: string;
  readonly frame: RegExp;
  readonly host: unknown;
  readonly severityText: string | null;
  readonly spanMessage: string;
  readonly logAttributes: Record<string, string>;
}

function nodeFailure(service: string): Sent {
  return {
    service,
    type: 'RangeError',
    frame: / at chargeCard /,
    host: hostname(),
    severityText: null,
    spanMessage: 'card expired',
    logAttributes: { 'otel.scope.name': 'shop' },
  };
}

/** The documented mapping (README, "OpenTelemetry") of what the programs send: nothing more and nothing less. */
async function expectLogAndSpan(sent: Sent): Promise<void> {
  const startedAt = Date.now() - 60_000;
  const records = await recordsOf(sent.service);
  const [log, span] = ['log', 'span'].map((kind) => records.find(({ value }) => value.kind === kind)!);
  const common = {
    signalId: expect.stringMatching(/^[0-9a-f]{64}:0$/),
    traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
    parentSpanId: null,
    service: sent.service,
    environment: 'production',
    release: '1.2.3',
    host: sent.host,
    severityNumber: 17,
    exception: {
      type: sent.type,
      message: 'card expired',
      stack: expect.stringMatching(sent.frame),
      causes: [],
    },
    metric: null,
    fingerprint: null,
    occurredAt: expect.any(Number),
    receivedAt: expect.any(Number),
  };
  expect(log!.value).toEqual({
    ...common,
    kind: 'log',
    severityText: sent.severityText,
    message: 'charge failed',
    span: null,
    attributes: expect.objectContaining(sent.logAttributes),
  });
  expect(span!.value).toEqual({
    ...common,
    kind: 'span',
    severityText: null,
    message: sent.spanMessage,
    span: { name: 'charge card', status: 'error', durationMicros: expect.any(Number) },
    attributes: expect.objectContaining({ 'otel.scope.name': 'shop' }),
  });
  expect([log!.key, log!.value.spanId]).toEqual([span!.value.traceId, span!.value.spanId]);
  expect(log!.key).toBe(span!.key);
  for (const { value } of records) {
    expect(value.occurredAt! / 1000).toBeGreaterThan(startedAt);
    expect(value.receivedAt! - value.occurredAt!).toBeGreaterThanOrEqual(0);
    const ours = ['service.name', 'service.version', 'deployment.environment.name', 'exception.type'];
    expect(ours.filter((name) => name in value.attributes)).toEqual([]);
  }
}

async function recordsOf(service: string) {
  const records = await ingest.consume(
    (batch) => batch.filter(({ value }) => value.service === service).length === 2,
  );
  return records.filter(({ value }) => value.service === service);
}

/** What cannot be had here is skipped, and the report says why. */
function testWith(client: Installed, name: string, run: (path: string) => Promise<void>): void {
  if ('missing' in client) test.skip(`${name} (${client.missing})`, () => {});
  else test(name, () => run(client.path));
}
