import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import type { FailureSignal } from '@prodsentinel/contracts';
import { untilAvailable } from '@prodsentinel/kernel';
import type { StackEnvironment } from '@prodsentinel/local-stack';
import {
  createCodec,
  createConsumer,
  done,
  readTopic,
  setUp,
  type Consumer,
  type IncomingRecord,
  type KafkaConnection,
} from '@prodsentinel/messaging';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

type FailureRecord = IncomingRecord<'failures'>;

type Servers = Pick<StackEnvironment, 'KAFKA_BROKERS' | 'SCHEMA_REGISTRY_URL'>;

/** A record as it lies in the topic, decoded. */
export interface StoredFailure {
  readonly key: string | undefined;
  readonly value: FailureSignal;
}

/** The real ingest in a process of its own, with topics of its own. */
export class RunningIngest {
  readonly prefix = `ingest-${randomUUID()}-`;
  readonly connection: KafkaConnection;
  /** Of the HTTP side. */
  url = '';
  /** Of health and metrics. */
  healthUrl = '';
  process!: ChildProcess;
  readonly #servers: Servers;
  readonly #brokers: string;
  readonly #consumers: Consumer[] = [];

  /**
   * @param brokers as ingest is to see them; default: as they are
   * @param servers default: those that all integration tests share
   */
  constructor(brokers?: string, servers: Servers = sharedServers()) {
    this.#servers = servers;
    this.#brokers = brokers ?? servers.KAFKA_BROKERS;
    this.connection = {
      brokers: servers.KAFKA_BROKERS.split(','),
      topicPrefix: this.prefix,
      clientId: 'test',
      logger: silent,
    };
  }

  async start(env: Record<string, string> = {}): Promise<void> {
    const registryUrl = this.#servers.SCHEMA_REGISTRY_URL;
    await setUp({ connection: this.connection, registryUrl, partitions: 3, replicationFactor: 1 });
    this.process = fork(join(import.meta.dirname, '..', 'src', 'main.ts'), [], {
      env: {
        ...process.env,
        SCHEMA_REGISTRY_URL: registryUrl,
        KAFKA_BROKERS: this.#brokers,
        KAFKA_TOPIC_PREFIX: this.prefix,
        INGEST_PORT: '0',
        HEALTH_PORT: '0',
        LOG_LEVEL: 'warn',
        ...env,
      },
      execArgv: [],
    });
    const [ready] = (await once(this.process, 'message')) as [
      { addresses: { ingest: string; health: string } },
    ];
    this.url = ready.addresses.ingest;
    this.healthUrl = ready.addresses.health;
  }

  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.kill('SIGKILL');
    await once(this.process, 'exit');
  }

  async close(): Promise<void> {
    for (const consumer of this.#consumers.splice(0)) await consumer.stop();
    await this.kill();
  }

  /** Reads the topic from its beginning until there is what is waited for. */
  async consume(until: number | ((records: readonly FailureRecord[]) => boolean)): Promise<FailureRecord[]> {
    const records: FailureRecord[] = [];
    const complete = Promise.withResolvers<void>();
    const consumer = createConsumer({
      connection: this.connection,
      codec: createCodec(this.#servers.SCHEMA_REGISTRY_URL, this.prefix),
      groupId: randomUUID(),
      topics: ['failures'],
      handler: {
        mode: 'batch',
        maxRecords: 500,
        async handle(batch) {
          records.push(...batch);
          const isComplete = typeof until === 'number' ? records.length >= until : until(batch);
          if (isComplete) complete.resolve();
          return batch.map(() => done);
        },
      },
    });
    this.#consumers.push(consumer);
    await consumer.start(new AbortController().signal);
    await Promise.race([complete.promise, consumer.failed]);
    return records;
  }

  /** Everything that lies in the topic now. */
  async readAll(): Promise<StoredFailure[]> {
    const codec = createCodec(this.#servers.SCHEMA_REGISTRY_URL, this.prefix);
    // A broker that has only just come back may still be loading its groups.
    const stored = await untilAvailable(
      () => readTopic(this.connection, 'failures', { maxRecords: 500_000, deadlineMs: 60_000 }),
      { signal: new AbortController().signal },
    );
    return Promise.all(
      stored.map(async ({ key, value }) => ({
        key: key?.toString(),
        value: await codec.decode('failures', value!),
      })),
    );
  }

  /** The value of one of its metrics; undefined while it has none of this name. */
  async metric(name: string): Promise<number | undefined> {
    const text = await (await fetch(`${this.healthUrl}/metrics`)).text();
    const line = text.split('\n').find((each) => each.startsWith(`${name} `));
    return line === undefined ? undefined : Number(line.slice(name.length));
  }

  /** Waits until every one of these ids is in Kafka. */
  async untilInKafka(ids: readonly string[]): Promise<void> {
    const missing = new Set<string | null>(ids);
    if (missing.size === 0) return;
    await this.consume((records) => {
      for (const { value } of records) missing.delete(value.signalId);
      return missing.size === 0;
    });
  }
}

function sharedServers(): Servers {
  return {
    KAFKA_BROKERS: required('KAFKA_BROKERS'),
    SCHEMA_REGISTRY_URL: required('SCHEMA_REGISTRY_URL'),
  };
}

export function required(name: string): string {
  const value = process.env[name];
  if (!value)
    throw new Error(`${name} is not set: integration tests run with the stack of jest's global set-up`);
  return value;
}
