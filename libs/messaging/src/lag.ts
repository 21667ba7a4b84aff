import type { Admin } from 'kafkajs';
import { clusterName, type KafkaConnection } from './kafka-client.ts';
import { withAdmin } from './topic-check.ts';

/**
 * Records of some topics that a consumer group has not finished: for each partition its end less what is committed, or
 * all it holds when nothing was committed yet.
 *
 * @throws AppError `unavailable` when the brokers do not answer
 */
export function readLag(
  connection: KafkaConnection,
  groupId: string,
  topics: readonly string[],
): Promise<number> {
  const names = topics.map((topic) => clusterName(connection, topic));
  return withAdmin(connection, async (admin) => {
    const committed = await admin.fetchOffsets({ groupId: clusterName(connection, groupId), topics: names });
    let lag = 0;
    for (const topic of names) {
      const partitions = committed.find((each) => each.topic === topic)?.partitions ?? [];
      const offsets = new Map(partitions.map(({ partition, offset }) => [partition, Number(offset)]));
      for (const { partition, low, high } of await fetchBounds(admin, topic)) {
        // Negative: nothing committed. Below low: what was not yet read has expired.
        lag += high - Math.max(low, offsets.get(partition) ?? -1);
      }
    }
    return lag;
  });
}

/**
 * How many records some topics hold.
 *
 * @throws AppError `unavailable` when the brokers do not answer
 */
export function countRecords(connection: KafkaConnection, topics: readonly string[]): Promise<number> {
  return withAdmin(connection, async (admin) => {
    let records = 0;
    for (const topic of topics) {
      for (const { low, high } of await fetchBounds(admin, clusterName(connection, topic)))
        records += high - low;
    }
    return records;
  });
}

async function fetchBounds(admin: Admin, topic: string) {
  const partitions = await admin.fetchTopicOffsets(topic);
  return partitions.map(({ partition, low, high }) => ({ partition, low: Number(low), high: Number(high) }));
}
