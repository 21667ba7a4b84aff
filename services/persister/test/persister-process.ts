import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import {
  createCodec,
  createConsumer,
  createProducer,
  done,
  setUp,
  type Codec,
  type KafkaConnection,
  type Producer,
} from '@prodsentinel/messaging';
import type { AnalysisRequested } from '@prodsentinel/contracts';

const century = String(36_500 * 86_400_000);
const ownMain = new URL('../src/main.ts', import.meta.url);
const silent = { debug() {}, info() {}, warn() {}, error() {} };

export interface Readiness {
  readonly status: number;
  readonly stages: Readonly<Record<string, { readonly state: string; readonly reason?: string }>>;
}

/** Topics of this test alone on the shared Kafka, and persisters as real processes on them. */
export class PersisterCluster {
  readonly prefix = `t-${randomUUID()}-`;
  readonly requests: AnalysisRequested[] = [];
  readonly #databaseUrl: string;
  readonly #codec: Codec;
  readonly #health = new WeakMap<ChildProcess, string>();
  readonly #closers: (() => Promise<void>)[] = [];
  readonly #signal = new AbortController().signal;
  #heard: (() => void)[] = [];

  constructor(databaseUrl: string) {
    this.#databaseUrl = databaseUrl;
    this.#codec = createCodec(required('SCHEMA_REGISTRY_URL'), this.prefix);
  }

  get connection(): KafkaConnection {
    const brokers = required('KAFKA_BROKERS').split(',');
    return { brokers, topicPrefix: this.prefix, clientId: 'test', logger: silent };
  }

  async setUp({ partitions = 2 } = {}): Promise<Producer> {
    const { connection } = this;
    const registryUrl = required('SCHEMA_REGISTRY_URL');
    await setUp({ connection, registryUrl, partitions, replicationFactor: 1 });
    const producer = createProducer({ connection, codec: this.#codec, topics: ['observations', 'analyses'] });
    this.#closers.push(() => producer.stop());
    await producer.start(this.#signal);
    await this.#listenToRequests();
    return producer;
  }

  async #listenToRequests(): Promise<void> {
    const consumer = createConsumer({
      connection: this.connection,
      codec: this.#codec,
      groupId: 'test-listener',
      topics: ['analysis-requests'],
      handler: {
        mode: 'record',
        concurrency: 1,
        handle: async ({ value }) => {
          this.requests.push(value);
          for (const wake of this.#heard.splice(0)) wake();
          return done;
        },
      },
    });
    this.#closers.push(() => consumer.stop());
    await consumer.start(this.#signal);
  }

  /** Resolves when so many requests have been published. */
  async untilRequests(count: number): Promise<void> {
    while (this.requests.length < count) await new Promise<void>((resolve) => this.#heard.push(resolve));
  }

  /** Starts a persister, of this build or another, and waits until it says that it is ready. */
  async start(settings: Record<string, string> = {}, main = ownMain): Promise<ChildProcess> {
    const child = fork(fileURLToPath(main), {
      env: {
        ...process.env,
        DATABASE_URL: this.#databaseUrl,
        KAFKA_TOPIC_PREFIX: this.prefix,
        HEALTH_PORT: '0',
        LOG_LEVEL: 'warn',
        FIRST_ANALYSIS_DELAY_MS: '0',
        SWEEP_INTERVAL_MS: '50',
        SESSION_TIMEOUT_MS: '3000',
        // The failures of these tests are years old for housekeeping.
        HOUSEKEEPING_INTERVAL_MS: '500',
        RESOLVE_AFTER_MS: century,
        REMOVE_AFTER_MS: century,
        COUNTED_RETENTION_MS: century,
        ...settings,
      },
      execArgv: [],
      stdio: ['pipe', 'inherit', 'inherit', 'ipc'],
    });
    this.#closers.push(() => end(child, 'SIGKILL').then(() => undefined));
    const [message] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as unknown[];
    if ((message as { type?: unknown } | null)?.type !== 'ready')
      throw new Error(`the persister ended: ${String(message)}`);
    const { addresses } = message as { addresses: { health: string } };
    this.#health.set(child, addresses.health);
    return child;
  }

  /** What a persister says of itself. */
  async readiness(child: ChildProcess): Promise<Readiness> {
    const response = await fetch(`${this.#health.get(child)}/health/ready`);
    const { stages } = (await response.json()) as Pick<Readiness, 'stages'>;
    return { status: response.status, stages };
  }

  /** How many records a persister has finished. */
  async finishedRecords(child: ChildProcess): Promise<number> {
    const metrics = await (await fetch(`${this.#health.get(child)}/metrics`)).text();
    return Number(
      /^prodsentinel_persister_records_total\{.*outcome="done".*\} (\d+)$/m.exec(metrics)?.[1] ?? 0,
    );
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).toReversed()) await close();
  }
}

/** Ends a process and answers its exit code (null after a kill). */
export async function end(
  child: ChildProcess,
  how: 'SIGKILL' | 'SIGTERM' | 'shutdown',
): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, 'exit');
  if (how === 'shutdown') child.send({ type: 'shutdown' });
  else child.kill(how);
  const [code] = (await exited) as [number | null];
  return code;
}

function required(name: string): string {
  const value = process.env[name];
  if (!value)
    throw new Error(`${name} is not set: integration tests run with the stack of jest's global set-up`);
  return value;
}
