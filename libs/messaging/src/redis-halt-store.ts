import { AppError, describeError } from '@prodsentinel/kernel';
import type { Halt, HaltStore } from './halt-store.ts';

/** The commands of Redis that are needed; a client of ioredis has them. */
export interface RedisHashes {
  hget(key: string, field: string): Promise<string | null>;
  hgetall(key: string): Promise<Record<string, string>>;
  hset(key: string, field: string, value: string): Promise<number>;
  hdel(key: string, field: string): Promise<number>;
}

/** Halts in Redis, one hash a group: they outlive processes, and hold for every member. */
export function createRedisHaltStore(redis: RedisHashes): HaltStore {
  return {
    async read(group) {
      const fields = await runRedis(redis.hgetall(keyOf(group)));
      return new Map(Object.entries(fields).map(([partition, text]) => [partition, parse(text)]));
    },
    async halt(group, partition, halt) {
      await runRedis(redis.hset(keyOf(group), partition, JSON.stringify(halt)));
    },
    async resume(group, partition) {
      return (await runRedis(redis.hdel(keyOf(group), partition))) > 0;
    },
  };
}

function keyOf(group: string): string {
  return `ps:{halts}:${group}`;
}

/** Whatever stands there, somebody wanted the partition halted. */
function parse(text: string): Halt {
  try {
    const { reason, haltedAtMs } = JSON.parse(text) as Partial<Halt>;
    return { reason: reason ?? 'no reason was given', haltedAtMs: haltedAtMs ?? 0 };
  } catch {
    return { reason: text, haltedAtMs: 0 };
  }
}

/** @throws AppError `unavailable` when the command fails */
export async function runRedis<T>(command: Promise<T>): Promise<T> {
  try {
    return await command;
  } catch (error) {
    throw new AppError('unavailable', `Redis: ${describeError(error)}`, { cause: error });
  }
}
