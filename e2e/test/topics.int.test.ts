import { fork, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';

// Topics that are missing, deleted under a running service, or without enough partitions for their dead letters: the service
// ends with 78 and names what is wrong and the command that mends it. The command does.

jest.setTimeout(60_000);

const root = join(import.meta.dirname, '..', '..');
const quiet = ['--disable-warning=ExperimentalWarning', '--disable-warning=TimeoutNegativeWarning'];

let prefix: string;
let stops: (() => Promise<void>)[];

beforeEach(() => {
  prefix = `t-${randomUUID()}-`;
  stops = [];
});

afterEach(async () => {
  for (const stop of stops) await stop();
});

const env = (): NodeJS.ProcessEnv => ({ ...process.env, KAFKA_TOPIC_PREFIX: prefix });

/** The analyzer's observe stage as users run it. */
function startAnalyzer() {
  const child = fork(join(root, 'services', 'analyzer', 'src', 'main.ts'), {
    env: {
      ...env(),
      ANALYZER_STAGES: 'observe',
      HEALTH_PORT: '0',
      LOG_LEVEL: 'fatal',
      SESSION_TIMEOUT_MS: '1000',
    },
    execArgv: quiet,
    stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (said += String(chunk)));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, said }));
  stops.push(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { ready: once(child, 'message').then(() => 'ready'), ended };
}

/** `prodsentinel setup`, as the message says. */
async function runSetup(...args: string[]): Promise<string> {
  const main = join(root, 'cli', 'src', 'main.ts');
  const child = spawn(process.execPath, [...quiet, main, 'setup', ...args], { env: env() });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(said);
  return said;
}

async function withAdmin(work: (admin: kafkajs.Admin) => Promise<unknown>): Promise<void> {
  const brokers = (process.env['KAFKA_BROKERS'] ?? '').split(',');
  const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  await work(admin);
  await admin.disconnect();
}

/** Runs until it is ready, or fails with what it said at its end. */
async function becomesReady({ ready, ended }: ReturnType<typeof startAnalyzer>): Promise<void> {
  const first = await Promise.race([ready, ended]);
  expect(first).toBe('ready');
}

test('missing topics, and a topic that is deleted under it: it ends with 78 and the command; after the command it runs', async () => {
  const missing = await startAnalyzer().ended;
  expect(missing.code).toBe(78);
  expect(missing.said).toMatch(/topics do not exist: .*observations.*: run `prodsentinel setup`/);
  await runSetup('--partitions', '2');
  // Dead letters with more partitions than their topic do no harm.
  await withAdmin((admin) =>
    admin.createPartitions({ topicPartitions: [{ topic: `${prefix}failures.dlq`, count: 4 }] }),
  );
  const analyzer = startAnalyzer();
  await becomesReady(analyzer);
  await withAdmin((admin) => admin.deleteTopics({ topics: [`${prefix}failures`] }));
  const { code, said } = await analyzer.ended;
  expect(code).toBe(78);
  expect(said).toContain(`topics do not exist: ${prefix}failures: run \`prodsentinel setup\``);
});

test('a topic with more partitions than its dead letters: ends with 78, and the command gives the dead letters what they lack', async () => {
  await runSetup('--partitions', '2');
  await withAdmin((admin) =>
    admin.createPartitions({ topicPartitions: [{ topic: `${prefix}failures`, count: 4 }] }),
  );
  const { code, said } = await startAnalyzer().ended;
  expect(code).toBe(78);
  expect(said).toContain(
    `${prefix}failures.dlq has 2 partitions, ${prefix}failures has 4: run \`prodsentinel setup\``,
  );
  expect(await runSetup()).toContain(`topic ${prefix}failures.dlq: grown to 4 partitions`);
  await becomesReady(startAnalyzer());
});
