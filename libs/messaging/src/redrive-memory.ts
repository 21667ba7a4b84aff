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
export interface RedisSortedSets {
  zadd(key: string, ...scoresAndMembers: (number | string)[]): Promise<number>;
  zrange(key: string, start: string, stop: string): Promise<string[]>;
  zremrangebyscore(key: string, min: number, max: number): Promise<number>;
  pexpire(key: string, milliseconds: number): Promise<number>;
}

export interface RedriveMemoryOptions {
  /** Milliseconds that a redrive is remembered; at least the retention of dead letters. */
  readonly keepMs: number;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** In Redis, one sorted set a topic, by the time of the redrive. */
export function createRedriveMemory(
  redis: RedisSortedSets,
  connection: KafkaConnection,
  { keepMs, nowMs }: RedriveMemoryOptions,
): RedriveMemory {
  const keyOf = (topic: Topic) => `ps:{redriven-at}:${clusterName(connection, topic)}`;
  return {
    async read(topic) {
      const known = new Set(await runRedis(redis.zrange(keyOf(topic), '0', '-1')));
      return (letter) => known.has(toMember(letter));
    },
    async add(topic, letters) {
      if (letters.length === 0) return;
      const now = nowMs();
      await runRedis(redis.zadd(keyOf(topic), ...letters.flatMap((letter) => [now, toMember(letter)])));
      // Else a set that is added to now and then would grow for ever.
      await runRedis(redis.zremrangebyscore(keyOf(topic), 0, now - keepMs));
      await runRedis(redis.pexpire(keyOf(topic), keepMs));
    },
  };
}

/** With its time: a topic that is made anew begins its offsets anew. */
function toMember({ partition, offset, timestampMs }: StoredRecord): string {
  return `${partition}/${offset}/${timestampMs}`;
}
