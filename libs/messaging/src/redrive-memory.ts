import type { Topic } from '@prodsentinel/contracts';
import { clusterName, type KafkaConnection } from './kafka-client.ts';
import type { StoredRecord } from './read-topic.ts';
import { runRedis } from './redis-halt-store.ts';

/** Which dead letters were redriven. */
export interface RedriveMemory {
  /** Of a topic, as of now: says of a dead letter whether it was. */
  read(topic: Topic): Promise<(letter: StoredRecord) => boolean>;
  /** Remembers them until Kafka has surely forgotten them. */
  add(topic: Topic, letters: readonly StoredRecord[]): Promise<void>;
}

/** The commands of Redis that are needed; a client of ioredis has them. */
export interface RedisSets {
  smembers(key: string): Promise<string[]>;
  sadd(key: string, ...members: string[]): Promise<number>;
  pexpire(key: string, milliseconds: number): Promise<number>;
}

/**
 * In Redis, one set a topic.
 *
 * @param keepMs from the last redrive on; at least the retention of dead letters
 */
export function createRedriveMemory(
  redis: RedisSets,
  connection: KafkaConnection,
  keepMs: number,
): RedriveMemory {
  const keyOf = (topic: Topic) => `ps:{redriven}:${clusterName(connection, topic)}`;
  return {
    async read(topic) {
      const known = new Set(await runRedis(redis.smembers(keyOf(topic))));
      return (letter) => known.has(toMember(letter));
    },
    async add(topic, letters) {
      if (letters.length === 0) return;
      await runRedis(redis.sadd(keyOf(topic), ...letters.map(toMember)));
      await runRedis(redis.pexpire(keyOf(topic), keepMs));
    },
  };
}

/** With its time: a topic that is made anew begins its offsets anew. */
function toMember({ partition, offset, timestampMs }: StoredRecord): string {
  return `${partition}/${offset}/${timestampMs}`;
}
