import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { required, RunningIngest } from './running-ingest.ts';

jest.setTimeout(300_000);

const run = promisify(execFile);
const document = readFileSync(join(import.meta.dirname, '../../../docs/sending.md'), 'utf8');
const isFull = process.env['PRODSENTINEL_TEST_FULL'] === '1';
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
  const names = [...document.matchAll(/^```\w+ ?(.*)$/gm)].map(([, name]) => name);
  expect(names).toEqual(['curl', 'kafkajs-json', 'kafkajs-avro', 'kcat', 'confluent-kafka']);
});

testIf(isInstalled('curl'), 'curl', async () => {
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

testIf(isInstalled('kcat'), 'kcat', async () => {
  await run('sh', ['-c', snippet('kcat')], { env });
  await expectInKafka('kcat-1', 'sent by kcat');
});

testIf(isFull && isInstalled('python3'), 'Python, confluent-kafka (npm run test:full)', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'prodsentinel-python-'));
  try {
    await run('python3', ['-m', 'venv', folder]);
    const python = join(folder, 'bin', 'python');
    await run(python, ['-m', 'pip', 'install', '--quiet', 'confluent-kafka==2.5.3']);
    await run(python, ['-c', snippet('confluent-kafka')], { env });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  await expectInKafka('python-1', 'sent by Python');
});

/** What is not there is skipped, and the report names it. */
function testIf(condition: boolean, name: string, run: () => Promise<void>): void {
  (condition ? test : test.skip)(name, run);
}

function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

function snippet(name: string): string {
  const found = new RegExp(`^\`\`\`\\w+ ${name}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(document);
  if (!found) throw new Error(`docs/sending.md has no snippet ${name}`);
  return found[1]!;
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
