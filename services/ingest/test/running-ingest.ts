import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import {
  createCodec,
  createConsumer,
  done,
  setUp,
  type Consumer,
  type IncomingRecord,
  type KafkaConnection,
} from '@prodsentinel/messaging';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

type FailureRecord = IncomingRecord<'failures'>;

/** The real ingest in a process of its own, with topics of its own on the shared servers. */
export class RunningIngest {
  readonly prefix = `ingest-${randomUUID()}-`;
  readonly connection: KafkaConnection;
  /** Of the HTTP side. */
  url = '';
  process!: ChildProcess;
  readonly #brokers: string;
  readonly #consumers: Consumer[] = [];

  /** `brokers`: as ingest is to see them; default: the shared ones. */
  constructor(brokers = required('KAFKA_BROKERS')) {
    this.#brokers = brokers;
    this.connection = {
      brokers: required('KAFKA_BROKERS').split(','),
      topicPrefix: this.prefix,
      clientId: 'test',
      logger: silent,
    };
  }

  async start(env: Record<string, string> = {}): Promise<void> {
    const registryUrl = required('SCHEMA_REGISTRY_URL');
    await setUp({ connection: this.connection, registryUrl, partitions: 3, replicationFactor: 1 });
    this.process = fork(join(import.meta.dirname, '..', 'src', 'main.ts'), [], {
      env: {
        ...process.env,
        KAFKA_BROKERS: this.#brokers,
        KAFKA_TOPIC_PREFIX: this.prefix,
        INGEST_PORT: '0',
        HEALTH_PORT: '0',
        LOG_LEVEL: 'warn',
        ...env,
      },
      execArgv: [],
    });
    const [ready] = (await once(this.process, 'message')) as [{ addresses: { ingest: string } }];
    this.url = ready.addresses.ingest;
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
      codec: createCodec(required('SCHEMA_REGISTRY_URL'), this.prefix),
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

export function required(name: string): string {
  const value = process.env[name];
  if (!value)
    throw new Error(`${name} is not set: integration tests run with the stack of jest's global set-up`);
  return value;
}
