import { AppError } from '@prodsentinel/kernel';
import type { CrashMark, CrashStore, Suspicion } from './crash-store.ts';
import { runRedis, type RedisHashes } from './redis-halt-store.ts';

/** Marks in Redis, one hash a group. */
export function createRedisCrashStore(redis: RedisHashes): CrashStore {
  return {
    async read(group, partition) {
      const text = await runRedis(redis.hget(keyOf(group), partition));
      return text === null ? undefined : parse(text, `${keyOf(group)} ${partition}`);
    },
    async write(group, partition, mark) {
      await runRedis(redis.hset(keyOf(group), partition, JSON.stringify(mark)));
    },
    async remove(group, partition) {
      await runRedis(redis.hdel(keyOf(group), partition));
    },
  };
}

function keyOf(group: string): string {
  return `ps:{crashes}:${group}`;
}

function parse(text: string, where: string): CrashMark {
  let mark: unknown;
  try {
    mark = JSON.parse(text);
  } catch (cause) {
    throw new AppError('undecodable', `${where} in Redis is not JSON`, { cause });
  }
  if (!isMark(mark)) throw new AppError('undecodable', `${where} in Redis is not the mark of a process`);
  return mark;
}

function isMark(value: unknown): value is CrashMark {
  const { owner, from, until, carefulUntil, trying, suspects } = (value ?? {}) as Record<
    keyof CrashMark,
    unknown
  >;
  return (
    typeof owner === 'string' &&
    (from === undefined || typeof from === 'number') &&
    typeof until === 'number' &&
    (carefulUntil === undefined || typeof carefulUntil === 'number') &&
    (trying === undefined || (Array.isArray(trying) && trying.every((each) => typeof each === 'number'))) &&
    (suspects === undefined || areSuspects(suspects))
  );
}

function areSuspects(value: unknown): value is Record<string, Suspicion> {
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).every((each) => {
    const { crashes, firstAtMs } = (each ?? {}) as Record<keyof Suspicion, unknown>;
    return typeof crashes === 'number' && typeof firstAtMs === 'number';
  });
}
