import kafkajs, { type Admin } from 'kafkajs';
import { allTopicSettings, deadLetterTopicOf, type Topic } from '@prodsentinel/contracts';
import { AppError } from '@prodsentinel/kernel';
import { fromKafkaError } from './errors.ts';
import { clusterName, createKafkaClient, type KafkaConnection } from './kafka-client.ts';

/** The one setting that counting depends on; the others are the operator's to change. */
const essentialSettings = ['message.timestamp.type'];

/**
 * Checks that the topics and their dead-letter topics are there, with at least as many dead-letter partitions as
 * there are partitions, and with the settings that counting depends on.
 *
 * @throws AppError `unavailable` when the brokers do not answer, `contract_mismatch` naming what is wrong and the command
 *   that mends it
 */
export async function verifyTopics(connection: KafkaConnection, topics: readonly Topic[]): Promise<void> {
  await withAdmin(connection, async (admin) => {
    const inCluster = (name: string) => clusterName(connection, name);
    const names = topics.flatMap((topic) => [topic, deadLetterTopicOf(topic)]).map(inCluster);
    const missing = await missingOf(admin, names);
    if (missing.length > 0) throw missingTopicsError(missing);
    const partitions = await countPartitions(admin, names);
    for (const topic of topics) {
      const name = inCluster(topic);
      const deadLetters = inCluster(deadLetterTopicOf(topic));
      const [wanted, found] = [partitions.get(name) ?? 0, partitions.get(deadLetters) ?? 0];
      if (found < wanted) {
        throw mismatch(
          `${deadLetters} has ${found} partitions, ${name} has ${wanted}: run \`prodsentinel setup\``,
        );
      }
    }
    await verifySettings(admin, topics, connection);
  });
}

/**
 * Topics (by their own names) that the cluster does not have, by their names in it.
 *
 * @throws AppError `unavailable` when the brokers do not answer
 */
export function findMissingTopics(
  connection: KafkaConnection,
  topics: readonly string[],
): Promise<readonly string[]> {
  return withAdmin(connection, (admin) =>
    missingOf(
      admin,
      topics.map((topic) => clusterName(connection, topic)),
    ),
  );
}

export function missingTopicsError(names: readonly string[]): AppError {
  return mismatch(`topics do not exist: ${names.join(', ')}: run \`prodsentinel setup\``);
}

async function missingOf(admin: Admin, names: readonly string[]): Promise<readonly string[]> {
  const existing = new Set(await admin.listTopics());
  return names.filter((name) => !existing.has(name));
}

/** Partitions by topic; a topic that does not exist is an error of kafkajs. */
export async function countPartitions(
  admin: Admin,
  names: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const { topics: found } = await admin.fetchTopicMetadata({ topics: [...names] });
  return new Map(found.map(({ name, partitions }) => [name, partitions.length]));
}

async function verifySettings(
  admin: Admin,
  topics: readonly Topic[],
  connection: KafkaConnection,
): Promise<void> {
  const wanted = allTopicSettings()
    .filter(
      ({ name, config }) =>
        topics.includes(name as Topic) && essentialSettings.some((each) => each in config),
    )
    .map(({ name, config }) => ({ name: clusterName(connection, name), config }));
  if (wanted.length === 0) return;
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: wanted.map(({ name }) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name,
      configNames: essentialSettings,
    })),
  });
  for (const { name, config } of wanted) {
    const entries = resources.find((resource) => resource.resourceName === name)?.configEntries ?? [];
    for (const setting of essentialSettings) {
      const actual = entries.find((entry) => entry.configName === setting)?.configValue;
      if (config[setting] !== undefined && actual !== config[setting]) {
        throw mismatch(
          `${name}: ${setting} is ${actual}, not ${config[setting]}: run ` +
            `\`kafka-configs --alter --topic ${name} --add-config ${setting}=${config[setting]}\``,
        );
      }
    }
  }
}

/** Runs work with an admin client of its own and turns what goes wrong into our codes. */
export async function withAdmin<T>(
  connection: KafkaConnection,
  work: (admin: Admin) => Promise<T>,
): Promise<T> {
  const client = createKafkaClient(connection, { retries: 2, initialRetryTime: 100, maxRetryTime: 1_000 });
  const admin = client.admin();
  try {
    await admin.connect();
    return await work(admin);
  } catch (error) {
    throw fromKafkaError(`Kafka at ${connection.brokers.join(',')}`, error);
  } finally {
    await admin.disconnect();
  }
}

function mismatch(message: string): AppError {
  return new AppError('contract_mismatch', message);
}
