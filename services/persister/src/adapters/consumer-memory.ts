import { Redis } from 'ioredis';
import { describeError } from '@prodsentinel/kernel';
import {
  createCrashMemory,
  createProcessHaltStore,
  createRedisCrashStore,
  createRedisHaltStore,
  type CrashMemory,
  type HaltStore,
} from '@prodsentinel/messaging';
import type { Logger } from '@prodsentinel/process';

/** What outlives a process of the consumer's: which partitions are halted, and at which records processes ended. */
export interface ConsumerMemory {
  readonly haltStore: HaltStore;
  /** Undefined: nothing outlives the process. */
  readonly crashMemory: CrashMemory | undefined;
  close(): void;
}

const commandTimeoutMs = 2_000;

/**
 * Redis, or this process when no URL is given. Redis is needed for nothing else here; while it is away, what was halted
 * before is not known, and a crash is not noticed.
 */
export function openConsumerMemory(
  { REDIS_URL, RECORD_CRASHES_MAX }: { readonly REDIS_URL: string; readonly RECORD_CRASHES_MAX: number },
  logger: Logger,
): ConsumerMemory {
  if (!REDIS_URL) {
    logger.warn(
      { event: 'no_redis' },
      'without REDIS_URL a restart resumes halted partitions, and a record that ends the process is read again after each restart',
    );
    return { haltStore: createProcessHaltStore(), crashMemory: undefined, close: () => undefined };
  }
  const redis = new Redis(REDIS_URL, {
    enableOfflineQueue: true,
    maxRetriesPerRequest: 1,
    commandTimeout: commandTimeoutMs,
    connectTimeout: commandTimeoutMs,
    retryStrategy: (times) => Math.min(2_000, 100 * 2 ** Math.min(times, 5)),
  });
  redis.on('error', (error: unknown) => logger.debug({ event: 'redis_away' }, describeError(error)));
  return {
    haltStore: createRedisHaltStore(redis),
    crashMemory: createCrashMemory(createRedisCrashStore(redis), RECORD_CRASHES_MAX),
    close: () => redis.disconnect(),
  };
}
