import { Redis } from 'ioredis';
import type { Logger } from '@prodsentinel/process';

/** Milliseconds until a command without an answer counts as failed: every request of a bounded source waits for one. */
const commandTimeoutMs = 250;

/** A connection that fails at once while Redis is away and keeps trying to come back; says when it goes and comes. */
export function connectRateRedis(url: string, logger: Logger): Redis {
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: commandTimeoutMs,
    connectTimeout: 5_000,
    retryStrategy: (times) => Math.min(2_000, 100 * 2 ** Math.min(times, 5)),
  });
  let isAway = false;
  const away = (reason: string) => {
    if (!isAway) {
      const message = 'Redis is away: each process of ingest bounds the rates of sources on its own';
      logger.warn({ event: 'rates_degraded', reason }, message);
    }
    isAway = true;
  };
  redis.on('error', (error) => away(kindOf(error)));
  redis.on('close', () => away('closed'));
  redis.on('ready', () => {
    if (isAway)
      logger.info({ event: 'rates_shared' }, 'Redis is back: the rates of sources are shared again');
    isAway = false;
  });
  return redis;
}

/** `ECONNREFUSED`, `WRONGPASS`: the message itself may hold the URL's password. */
function kindOf(error: Error): string {
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.name === 'ReplyError' ? (error.message.split(' ', 1)[0] ?? error.name) : error.name;
}
