import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { snippet, snippetNames } from './document-snippets.ts';
import { installJavaClient, installPythonPackages, isInstalled, type Installed } from './foreign-clients.ts';
import { required, RunningIngest } from './running-ingest.ts';

jest.setTimeout(300_000);

const run = promisify(execFile);
const python = await installPythonPackages('confluent-kafka==2.5.3');
const java = await installJavaClient();
let ingest: RunningIngest;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  ingest = new RunningIngest();
  await ingest.start();
  env = {
    ...process.env,
    INGEST_URL: ingest.url,
    KAFKA_BROKERS: required('KAFKA_BROKERS'),
    KAFKA_TOPIC: `${ingest.prefix}failures`,
    KAFKAJS_NO_PARTITIONER_WARNING: '1',
    NODE_OPTIONS: '',
  };
});
afterAll(() => ingest.close());

// The documents' own text is run: they and what works cannot part.
test('every snippet of docs/sending.md has a test here', () => {
  const here = ['curl', 'kafkajs-json', 'kafkajs-avro', 'kcat', 'kafka-clients', 'confluent-kafka'];
  // Through to an incident: e2e/test/main-path.e2e.test.ts, and the Collector in collector.e2e.test.ts.
  const there = ['opentelemetry-environment', 'opentelemetry-node', 'opentelemetry-python', 'collector'];
  expect(snippetNames().toSorted()).toEqual([...here, ...there].toSorted());
});

testWith(installed('curl'), 'curl', async () => {
  const { stdout } = await run('sh', ['-c', snippet('curl')], { env });
  expect(JSON.parse(stdout)).toEqual({ accepted: 1, filtered: 0, refused: [] });
  await expectInKafka('curl-1', 'sent by curl');
});

test('kafkajs, JSON', async () => {
  await runModule(snippet('kafkajs-json'));
  await expectInKafka('kafkajs-json-1', 'sent by kafkajs as JSON');
});

test('kafkajs, Avro', async () => {
  await runModule(snippet('kafkajs-avro'));
  await expectInKafka('kafkajs-avro-1', 'sent by kafkajs as Avro');
});

testWith(installed('kcat'), 'kcat', async () => {
  await run('sh', ['-c', snippet('kcat')], { env });
  await expectInKafka('kcat-1', 'sent by kcat');
});

testWith(java, 'Java, kafka-clients', async (classPath) => {
  const folder = await mkdtemp(join(tmpdir(), 'prodsentinel-java-'));
  try {
    const source = join(folder, 'SendFailure.java');
    await writeFile(source, snippet('kafka-clients'));
    await run('java', ['-cp', classPath, source], { env });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  await expectInKafka('java-1', 'sent by Java');
});

testWith(python, 'Python, confluent-kafka', async (packages) => {
  const program = ['-c', snippet('confluent-kafka')];
  await run('python3', program, { env: { ...env, PYTHONPATH: packages } });
  await expectInKafka('python-1', 'sent by Python');
});

/** What cannot be had here is skipped, and the report says why. */
function testWith(client: Installed, name: string, run: (path: string) => Promise<void>): void {
  if ('missing' in client) test.skip(`${name} (${client.missing})`, () => {});
  else test(name, () => run(client.path));
}

function installed(program: string): Installed {
  return isInstalled(program) ? { path: program } : { missing: `no ${program}` };
}

async function runModule(source: string): Promise<void> {
  const cwd = join(import.meta.dirname, '..');
  await run(process.execPath, ['--input-type=module', '--eval', source], { env, cwd });
}

async function expectInKafka(signalId: string, message: string): Promise<void> {
  let found: { key: string | null; service: string; message: string; severityNumber: number } | undefined;
  await ingest.consume((records) => {
    const record = records.find(({ value }) => value.signalId === signalId);
    if (record) found = { key: record.key, ...record.value };
    return record !== undefined;
  });
  expect(found).toMatchObject({ key: 'cart', service: 'cart', message, severityNumber: 17 });
}
