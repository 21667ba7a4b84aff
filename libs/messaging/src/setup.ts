import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import {
  allTopicSettings,
  deadLetterTopicOf,
  readSchemaText,
  topics,
  type Topic,
} from '@prodsentinel/contracts';
import { AppError, backoffMs, delay, describeError, withDeadline } from '@prodsentinel/kernel';
import type { Admin } from 'kafkajs';
import { kafkaTypeOf } from './errors.ts';
import { countPartitions, withAdmin } from './topic-check.ts';
import { clusterName, type KafkaConnection } from './kafka-client.ts';

export interface SetupOptions {
  readonly connection: KafkaConnection;
  readonly registryUrl: string;
  /** Partitions of topics that are created. Default 12, production 48. */
  readonly partitions: number;
  /** Copies of each partition; 1 on a single broker, 3 in production. */
  readonly replicationFactor: number;
  /** Told what was done, a line for each topic and schema. */
  readonly onProgress?: (line: string) => void;
}

const compatibility = 'FULL_TRANSITIVE';
const registryDeadlineMs = 10_000;

/**
 * Creates what is missing of the topics and registers the schemas, each subject protected before its first version.
 * Doing it again changes nothing; existing topics keep their settings, and dead-letter topics get the partitions they lack.
 *
 * @throws AppError `unavailable` when Kafka or the registry does not answer, `contract_mismatch` when a registered schema
 *   is not compatible with ours
 */
export async function setUp(options: SetupOptions): Promise<void> {
  await createTopics(options);
  for (const topic of topics) await registerSchema(topic, options);
}

async function createTopics({
  connection,
  partitions,
  replicationFactor,
  onProgress,
}: SetupOptions): Promise<void> {
  await withAdmin(connection, async (admin) => {
    const existing = new Set(await admin.listTopics());
    const wanted = allTopicSettings().map(({ name, config }) => ({
      name: clusterName(connection, name),
      config,
    }));
    const missing = wanted.filter(({ name }) => !existing.has(name));
    if (missing.length > 0) {
      await admin.createTopics({
        // kafkajs takes a topic that a busy broker does not show yet for one that is missing.
        waitForLeaders: false,
        topics: missing.map(({ name, config }) => ({
          topic: name,
          numPartitions: partitions,
          replicationFactor,
          configEntries: Object.entries(config).map(([key, value]) => ({ name: key, value })),
        })),
      });
      await untilShown(
        admin,
        missing.map(({ name }) => name),
      );
    }
    const grown = await growDeadLetters(admin, connection);
    for (const { name } of wanted) {
      const isThere = grown.has(name) ? `grown to ${grown.get(name)} partitions` : 'is there';
      onProgress?.(`topic ${name}: ${existing.has(name) ? isThere : `created, ${partitions} partitions`}`);
    }
  });
}

/** A dead letter keeps its partition number: a topic that was given more partitions needs them in its dead letters too. */
async function growDeadLetters(
  admin: Admin,
  connection: KafkaConnection,
): Promise<ReadonlyMap<string, number>> {
  const pairs = topics.map((topic) => ({
    name: clusterName(connection, topic),
    deadLetters: clusterName(connection, deadLetterTopicOf(topic)),
  }));
  const counts = await countPartitions(
    admin,
    pairs.flatMap(({ name, deadLetters }) => [name, deadLetters]),
  );
  const grown = new Map<string, number>();
  for (const { name, deadLetters } of pairs) {
    const wanted = counts.get(name) ?? 0;
    if ((counts.get(deadLetters) ?? 0) < wanted) grown.set(deadLetters, wanted);
  }
  if (grown.size > 0) {
    await admin.createPartitions({
      topicPartitions: [...grown].map(([topic, count]) => ({ topic, count })),
    });
  }
  return grown;
}

/** Creating is acknowledged before brokers show the topics and their leaders. */
async function untilShown(admin: Admin, names: string[]): Promise<void> {
  for (let retry = 1; ; retry++) {
    try {
      const { topics: found } = await admin.fetchTopicMetadata({ topics: names });
      if (found.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0))) return;
    } catch (error) {
      if (kafkaTypeOf(error) !== 'UNKNOWN_TOPIC_OR_PARTITION' || retry >= maxLooks) throw error;
    }
    if (retry >= maxLooks) throw new AppError('unavailable', 'created topics have no leaders yet');
    await delay(backoffMs(retry, { maxMs: 1_000 }));
  }
}

/** Some 30 s. */
const maxLooks = 40;

async function registerSchema(
  topic: Topic,
  { connection, registryUrl, onProgress }: SetupOptions,
): Promise<void> {
  const subject = `${clusterName(connection, topic)}-value`;
  const host = registryUrl.replace(/\/$/, '');
  // Before the first version: the client would register first and protect afterwards.
  await callRegistry(subject, protectSubject(host, subject));
  const registry = new SchemaRegistry({ host, retry: { retries: 0 } });
  const { id } = await callRegistry(
    subject,
    registry.register(
      { type: SchemaType.AVRO, schema: readSchemaText(topic) },
      { subject, compatibility: compatibility as never },
    ),
  );
  onProgress?.(`schema ${subject}: id ${id}, ${compatibility}`);
}

async function protectSubject(host: string, subject: string): Promise<void> {
  const response = await fetch(`${host}/config/${subject}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ compatibility }),
    signal: AbortSignal.timeout(registryDeadlineMs),
  });
  if (!response.ok)
    throw Object.assign(new Error(`answered ${response.status}`), { status: response.status });
  await response.body?.cancel();
}

async function callRegistry<T>(subject: string, call: Promise<T>): Promise<T> {
  try {
    return await withDeadline('the schema registry', registryDeadlineMs, call);
  } catch (error) {
    if ((error as { status?: unknown } | null)?.status === 409) {
      const message = `${subject} holds a schema that ours is not compatible with: ${describeError(error)}`;
      throw new AppError('contract_mismatch', message, { cause: error });
    }
    throw new AppError('unavailable', `the schema registry (${subject}): ${describeError(error)}`, {
      cause: error,
    });
  }
}
