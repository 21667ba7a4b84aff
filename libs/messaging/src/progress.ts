import type { Admin } from 'kafkajs';
import { clusterName, type KafkaConnection } from './kafka-client.ts';
import { withAdmin } from './topic-check.ts';

/** Where each partition of a topic ended at some moment: the offset its next record would get. */
export type TopicEnds = ReadonlyMap<number, number>;

export interface GroupOnTopic {
  readonly groupId: string;
  readonly topic: string;
}

/**
 * The newest of some moments (milliseconds since 1970, by the clock of the brokers) before which a group has finished
 * every record of a topic whose timestamps the brokers set; undefined when there is none. Committed means finished; a
 * partition without a commit is finished only when it is empty.
 *
 * @throws AppError `unavailable` when the brokers do not answer
 */
export function readFinishedUntil(
  connection: KafkaConnection,
  { groupId, topic, momentsMs }: GroupOnTopic & { readonly momentsMs: readonly number[] },
): Promise<number | undefined> {
  const name = clusterName(connection, topic);
  return withAdmin(connection, async (admin) => {
    // Commits are read first: what is committed later only makes the answer more cautious than need be.
    const finished = await readFinished(admin, clusterName(connection, groupId), name);
    for (const momentMs of momentsMs.toSorted((a, b) => b - a)) {
      const firstAfter = await admin.fetchTopicOffsetsByTimestamp(name, momentMs);
      if (
        firstAfter.every(({ partition, offset }) => (finished.get(partition)?.until ?? -1) >= Number(offset))
      )
        return momentMs;
    }
    return undefined;
  });
}

/**
 * Where a topic ends now.
 *
 * @throws AppError `unavailable` when the brokers do not answer
 */
export function readTopicEnds(connection: KafkaConnection, topic: string): Promise<TopicEnds> {
  return withAdmin(connection, async (admin) => {
    const partitions = await admin.fetchTopicOffsets(clusterName(connection, topic));
    return new Map(partitions.map(({ partition, high }) => [partition, Number(high)]));
  });
}

/**
 * Whether a group has finished what a topic held when its ends were read. `gone`: the topic is shorter than that now, it
 * was made anew, and these ends will never be reached.
 *
 * @throws AppError `unavailable` when the brokers do not answer
 */
export function hasReached(
  connection: KafkaConnection,
  { groupId, topic, ends }: GroupOnTopic & { readonly ends: TopicEnds },
): Promise<'finished' | 'unfinished' | 'gone'> {
  return withAdmin(connection, async (admin) => {
    const finished = await readFinished(
      admin,
      clusterName(connection, groupId),
      clusterName(connection, topic),
    );
    const partitions = [...ends].map(([partition, end]) => ({ end, ...finished.get(partition) }));
    if (partitions.some(({ end, high = 0 }) => end > high)) return 'gone';
    return partitions.every(({ end, until = -1 }) => until >= end) ? 'finished' : 'unfinished';
  });
}

/** For each partition the offset up to which a group has finished, and where the partition ends. */
async function readFinished(admin: Admin, groupId: string, topic: string) {
  const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] });
  const commits = new Map(
    committed?.partitions.map(({ partition, offset }) => [partition, Number(offset)] as const),
  );
  const bounds = await admin.fetchTopicOffsets(topic);
  return new Map(
    bounds.map(({ partition, low, high }) => {
      const commit = commits.get(partition) ?? -1;
      // Beyond the end: a commit for a topic of the same name that is no more. It says nothing about this one.
      const until = commit > Number(high) ? -1 : Math.max(commit, emptyUntil(low, high));
      return [partition, { until, high: Number(high) }] as const;
    }),
  );
}

/** An empty partition is finished, whoever has read it. */
function emptyUntil(low: string, high: string): number {
  return low === high ? Number(high) : -1;
}
