import { clusterName, type KafkaConnection } from './kafka-client.ts';
import { withAdmin } from './topic-check.ts';

export interface PartitionBounds {
  /** Or asked for. -1: nothing was committed; any other negative number was committed by a bare kafkajs that reset it. */
  readonly committed: number;
  readonly low: number;
  readonly high: number;
}

export interface OffsetReset extends PartitionBounds {
  readonly topic: string;
  readonly partition: number;
  readonly kind: 'expired' | 'recreated' | 'reset';
}

/**
 * Partitions whose committed offset is not where reading can go on. All are read from the first record there is: that is
 * what kafkajs does with `fromBeginning`, but silently.
 *
 * @throws AppError `unavailable` when the brokers do not answer
 */
export function findOffsetResets(
  connection: KafkaConnection,
  groupId: string,
  topics: readonly string[],
): Promise<OffsetReset[]> {
  return withAdmin(connection, async (admin) => {
    const names = topics.map((topic) => clusterName(connection, topic));
    const committed = await admin.fetchOffsets({ groupId: clusterName(connection, groupId), topics: names });
    const resets: OffsetReset[] = [];
    for (const topic of topics) {
      const name = clusterName(connection, topic);
      const own = committed.find((each) => each.topic === name)?.partitions ?? [];
      const offsets = new Map(own.map(({ partition, offset }) => [partition, Number(offset)]));
      for (const { partition, low, high } of await admin.fetchTopicOffsets(name)) {
        const bounds = {
          committed: offsets.get(partition) ?? -1,
          low: Number(low),
          high: Number(high),
        };
        const kind = resetKindOf(bounds);
        if (kind) resets.push({ topic, partition, kind, ...bounds });
      }
    }
    return resets;
  });
}

/** `expired`: records were removed unread; `recreated`: the topic was cut or made anew; `reset`: kafkajs gave up on it. */
export function resetKindOf({ committed, low, high }: PartitionBounds): OffsetReset['kind'] | undefined {
  if (committed === -1) return undefined;
  if (committed < 0) return 'reset';
  if (committed < low) return 'expired';
  return committed > high ? 'recreated' : undefined;
}
