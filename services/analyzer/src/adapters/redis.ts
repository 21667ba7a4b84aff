import { Cluster, Redis } from 'ioredis';
import { AppError, describeError } from '@prodsentinel/kernel';
import type { Logger } from '@prodsentinel/process';

export interface RedisConnectionOptions {
  readonly url: string;
  /** Whether the server is a node of a cluster. */
  readonly isCluster: boolean;
  readonly logger: Logger;
  /** Told of a reason when Redis is away, and of undefined when it is back. */
  readonly onAvailability: (reason: string | undefined) => void;
  /** Told when Redis is there but must not be used as it is set. */
  readonly onMisconfigured: (error: AppError) => void;
}

/** Milliseconds until a command without an answer counts as failed: claims are looked up on the hot path. */
const commandTimeoutMs = 2_000;

/** A connection to one server, or to a cluster. */
export type RedisConnection = Redis | Cluster;

/**
 * A connection that fails at once while Redis is away instead of queueing, and keeps trying to come back. Every time it
 * connects it checks that Redis never evicts: an evicted claim is a failure counted twice or an analysis paid for twice.
 */
export function connectRedis(options: RedisConnectionOptions): RedisConnection {
  const { logger, onAvailability, onMisconfigured } = options;
  const redis = options.isCluster ? connectCluster(options.url) : connectServer(options.url);
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
    const servers = redis instanceof Cluster ? redis.nodes('master') : [redis];
    for (const server of servers) void checkEvictionPolicy(server, logger, onMisconfigured);
  });
  return redis;
}

const serverOptions = {
  maxRetriesPerRequest: 0,
  commandTimeout: commandTimeoutMs,
  connectTimeout: 5_000,
} as const;

const retryMs = (times: number): number => Math.min(2_000, 100 * 2 ** Math.min(times, 5));

function connectServer(url: string): Redis {
  return new Redis(url, {
    ...serverOptions,
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy: retryMs,
  });
}

/** The other nodes are asked for at the one that the URL names; they take the same credentials. */
function connectCluster(url: string): Cluster {
  const { protocol, hostname, port, username, password } = new URL(url);
  return new Cluster([{ host: hostname, port: Number(port || defaultPort) }], {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: retryMs,
    // A slot that moves, or a node that fails over: a few tries within the time that a command has.
    maxRedirections: 8,
    retryDelayOnFailover: 100,
    redisOptions: {
      ...serverOptions,
      ...(username !== '' && { username: decodeURIComponent(username) }),
      ...(password !== '' && { password: decodeURIComponent(password) }),
      ...(protocol === 'rediss:' && { tls: {} }),
    },
  });
}

const defaultPort = 6379;

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
