import { Redis } from 'ioredis';
import { AppError, describeError } from '@prodsentinel/kernel';
import type { Logger } from '@prodsentinel/process';

export interface RedisConnectionOptions {
  readonly url: string;
  readonly logger: Logger;
  /** Told of a reason when Redis is away, and of undefined when it is back. */
  readonly onAvailability: (reason: string | undefined) => void;
  /** Told when Redis is there but must not be used as it is set. */
  readonly onMisconfigured: (error: AppError) => void;
}

/** Milliseconds until a command without an answer counts as failed: claims are looked up on the hot path. */
const commandTimeoutMs = 2_000;

/**
 * A connection that fails at once while Redis is away instead of queueing, and keeps trying to come back. Every time it
 * connects it checks that Redis never evicts: an evicted claim is a failure counted twice or an analysis paid for twice.
 */
export function connectRedis({
  url,
  logger,
  onAvailability,
  onMisconfigured,
}: RedisConnectionOptions): Redis {
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: commandTimeoutMs,
    connectTimeout: 5_000,
    retryStrategy: (times) => Math.min(2_000, 100 * 2 ** Math.min(times, 5)),
  });
  let lastReason: string | undefined;
  redis.on('error', (error: unknown) => {
    const reason = `Redis is away: ${describeError(error)}`;
    if (reason !== lastReason) logger.warn({ event: 'redis_away' }, reason);
    lastReason = reason;
    onAvailability(reason);
  });
  redis.on('close', () => onAvailability(lastReason ?? 'Redis is away: the connection was closed'));
  redis.on('ready', () => {
    lastReason = undefined;
    onAvailability(undefined);
    void checkEvictionPolicy(redis, logger, onMisconfigured);
  });
  return redis;
}

async function checkEvictionPolicy(
  redis: Redis,
  logger: Logger,
  onMisconfigured: (error: AppError) => void,
): Promise<void> {
  try {
    const [, policy] = (await redis.config('GET', 'maxmemory-policy')) as [string, string];
    if (policy === 'noeviction') return;
    const mend = '`CONFIG SET maxmemory-policy noeviction`';
    const message = `Redis may evict claims (maxmemory-policy is ${policy}): run ${mend} and set it in redis.conf`;
    onMisconfigured(new AppError('contract_mismatch', message));
  } catch (error) {
    // Managed servers often forbid CONFIG: then the operator has to know.
    logger.warn(
      { event: 'redis_policy_unknown' },
      `maxmemory-policy could not be read: ${describeError(error)}`,
    );
  }
}
