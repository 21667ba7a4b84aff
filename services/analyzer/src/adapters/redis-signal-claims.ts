import { hash } from 'node:crypto';
import { AppError, describeError } from '@prodsentinel/kernel';
import type { SignalClaim, SignalClaims } from '../observe/signal-claims.ts';
import type { RedisConnection } from './redis.ts';

/** Hash tags: all claims of one bucket live on one node of a cluster, so one script call serves them. */
const buckets = 16;

/**
 * SET key position NX PX ttl for every key; answers '' where the key was set, else the position that has it. Works on
 * Redis 6.2, which has no SET … NX GET.
 */
const script = `
local answers = {}
for i, key in ipairs(KEYS) do
  if redis.call('SET', key, ARGV[i + 1], 'PX', ARGV[1], 'NX') then answers[i] = ''
  else answers[i] = redis.call('GET', key) or '' end
end
return answers`;

interface ClaimingRedis {
  claimSignals(keyCount: number, ...args: (string | number)[]): Promise<string[]>;
}

/** Claims in Redis: at most one script call for each of 16 buckets, all on their way at once. */
export function createRedisSignalClaims(redis: RedisConnection, ttlMs: number): SignalClaims {
  redis.defineCommand('claimSignals', { lua: script });
  const claiming = redis as RedisConnection & ClaimingRedis;
  return {
    async claim(claims) {
      const answers: boolean[] = claims.map(() => true);
      const byBucket = groupByBucket(claims);
      await Promise.all(
        [...byBucket.values()].map(async (entries) => {
          const keys = entries.map(({ key }) => key);
          const positions = entries.map(({ claim }) => claim.position);
          const owners = await run(claiming.claimSignals(keys.length, ...keys, ttlMs, ...positions));
          for (const [i, { index, claim }] of entries.entries()) {
            answers[index] = owners[i] === '' || owners[i] === claim.position;
          }
        }),
      );
      return answers;
    },
  };
}

interface Entry {
  readonly index: number;
  readonly key: string;
  readonly claim: SignalClaim;
}

function groupByBucket(claims: readonly SignalClaim[]): Map<number, Entry[]> {
  const byBucket = new Map<number, Entry[]>();
  for (const [index, claim] of claims.entries()) {
    const digest = hash('sha256', JSON.stringify([claim.environment, claim.signalId]), 'buffer');
    const bucket = (digest[0] ?? 0) % buckets;
    // 128 bits: two signals that share them are not to be expected in the life of a claim.
    const name = digest.toString('base64url', 1, 17);
    const key = `ps:{s${String(bucket).padStart(2, '0')}}:signal:${name}`;
    const entries = byBucket.get(bucket);
    if (entries) entries.push({ index, key, claim });
    else byBucket.set(bucket, [{ index, key, claim }]);
  }
  return byBucket;
}

async function run<T>(command: Promise<T>): Promise<T> {
  try {
    return await command;
  } catch (error) {
    throw new AppError('unavailable', `Redis: ${describeError(error)}`, { cause: error });
  }
}
