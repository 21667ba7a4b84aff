import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import kafkajs from 'kafkajs';
import { startStack, type Stack } from '@prodsentinel/local-stack';

/** A broker beside the stack's own. */
export interface ExtraBroker {
  readonly nodeId: number;
  readonly address: string;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Again, on the same port with the same data. */
  start(): Promise<void>;
}

export interface ThreeBrokers {
  readonly stack: Stack;
  readonly brokers: readonly string[];
  /** Nodes 2 and 3; node 1 is the controller as well and stays. */
  readonly extra: readonly ExtraBroker[];
  stop(): Promise<void>;
}

/** As in production: three copies, two of which must be there. Short, so that a dead broker is noticed in seconds. */
const settings = {
  'offsets.topic.replication.factor': '3',
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
  'replica.lag.time.max.ms': '3000',
};

/** A stack whose broker got two more beside it. Linux only: they are started as the stack's own was, which /proc tells. */
export async function startThreeBrokers(): Promise<ThreeBrokers> {
  const stack = await startStack({ source: 'processes', kafka: { config: settings } });
  const extra: ExtraBroker[] = [];
  const stop = async () => {
    for (const each of extra) await each.kill();
    await stack.stop();
  };
  try {
    for (const nodeId of [2, 3]) {
      const broker = await prepareBroker(stack, nodeId);
      extra.push(broker);
      await broker.start();
    }
    const brokers = [stack.env.KAFKA_BROKERS, ...extra.map(({ address }) => address)];
    await untilJoined(brokers);
    return { stack, brokers, extra, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function prepareBroker(stack: Stack, nodeId: number): Promise<ExtraBroker> {
  const own = join(stack.directory!, 'kafka');
  // In the stack's folder, so that it is removed with it.
  const folder = join(stack.directory!, `kafka-${nodeId}`);
  const data = join(folder, 'data');
  await mkdir(data, { recursive: true });
  const meta = parse(await readFile(join(own, 'data', 'meta.properties'), 'utf8'));
  const identity = { 'node.id': String(nodeId), 'directory.id': randomBytes(16).toString('base64url') };
  await writeFile(join(data, 'meta.properties'), print({ ...meta, ...identity }));
  const listener = `PLAINTEXT://127.0.0.1:${await freePort()}`;
  const settingsFile = join(folder, 'server.properties');
  const first = parse(await readFile(join(own, 'server.properties'), 'utf8'));
  await writeFile(
    settingsFile,
    print({
      ...first,
      'process.roles': 'broker',
      'node.id': String(nodeId),
      listeners: listener,
      'advertised.listeners': listener,
      'log.dirs': data,
    }),
  );
  const [command, ...args] = (await readFile(`/proc/${stack.servers!.kafka.pid}/cmdline`, 'utf8'))
    .split('\0')
    .filter(Boolean);
  return holdBroker(nodeId, new URL(listener).host, [
    join(folder, 'kafka.log'),
    command!,
    ...args.slice(0, -1),
    settingsFile,
  ]);
}

function holdBroker(nodeId: number, address: string, command: readonly string[]): ExtraBroker {
  let running: { holder: ChildProcess; pid: number; ended: Promise<unknown> } | undefined;
  return {
    nodeId,
    address,
    async start() {
      const fixture = join(import.meta.dirname, 'fixtures', 'hold-broker.ts');
      const holder = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', fixture, ...command], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const ended = once(holder, 'exit');
      const lines = createInterface({ input: holder.stdout });
      const [line] = (await once(lines, 'line')) as [string];
      running = { holder, pid: Number(line.slice('pid '.length)), ended };
    },
    async kill() {
      if (!running) return;
      const { holder, pid, ended } = running;
      running = undefined;
      if (holder.exitCode === null) process.kill(pid, 'SIGKILL');
      await ended;
    },
  };
}

async function untilJoined(brokers: readonly string[]): Promise<void> {
  const admin = new kafkajs.Kafka({
    brokers: [brokers[0]!],
    logLevel: kafkajs.logLevel.NOTHING,
  }).admin();
  await admin.connect();
  while ((await admin.describeCluster()).brokers.length < brokers.length)
    await new Promise((resolve) => setTimeout(resolve, 100));
  await admin.disconnect();
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function parse(properties: string): Record<string, string> {
  const lines = properties.split('\n').filter((line) => line.includes('=') && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s, 2) as [string, string]));
}

function print(properties: Readonly<Record<string, string>>): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
