import { Redis } from 'ioredis';
import { describeError } from '@prodsentinel/kernel';
import { createProcessHaltStore, createRedisHaltStore, type HaltStore } from '@prodsentinel/messaging';
import type { Logger } from '@prodsentinel/process';

export interface OpenHaltStore {
  readonly store: HaltStore;
  close(): void;
}

const commandTimeoutMs = 2_000;

/**
 * Where halted partitions are remembered: Redis, or this process when no URL is given. Redis is needed for nothing else
 * here; while it is away, what was halted before is not known.
 */
export function openHaltStore(url: string, logger: Logger): OpenHaltStore {
  if (!url) return { store: createProcessHaltStore(), close: () => undefined };
  const redis = new Redis(url, {
    enableOfflineQueue: true,
    maxRetriesPerRequest: 1,
    commandTimeout: commandTimeoutMs,
    connectTimeout: commandTimeoutMs,
    retryStrategy: (times) => Math.min(2_000, 100 * 2 ** Math.min(times, 5)),
  });
  redis.on('error', (error: unknown) => logger.debug({ event: 'redis_away' }, describeError(error)));
  return { store: createRedisHaltStore(redis), close: () => redis.disconnect() };
}
