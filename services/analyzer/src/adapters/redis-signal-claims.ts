import { hash } from 'node:crypto';
import { AppError, describeError } from '@prodsentinel/kernel';
import type { SignalClaim, SignalClaims } from '../observe/signal-claims.ts';
import type { RedisConnection } from './redis.ts';

/** Hash tags: all claims of one of the 16 buckets live on one node of a cluster, so one script call serves them. */
const keyPrefixes = Array.from({ length: 16 }, (_, i) => `ps:{s${String(i).padStart(2, '0')}}:signal:`);

/**
 * SET key position NX PX ttl for every key; answers the number and the position of each that another had set before, so that
 * there is nothing to read for what is new. The positions are one argument, as each costs its way through the client. Works on Redis 6.2, which has no SET … NX GET.
 */
const script = `
local others = {}
local nextPosition = string.gmatch(ARGV[2], '[^ ]+')
for i, key in ipairs(KEYS) do
  if not redis.call('SET', key, nextPosition(), 'PX', ARGV[1], 'NX') then
    others[#others + 1] = i
    others[#others + 1] = redis.call('GET', key) or ''
  end
end
return others`;

interface ClaimingRedis {
  /**
   * @param positions of the keys, with a blank between
   * @returns number (from 1) and owner in turn, of those keys that were there already
   */
  claimSignals(
    keyCount: number,
    keys: readonly string[],
    ttlMs: number,
    positions: string,
  ): Promise<(number | string)[]>;
}

/** Claims in Redis: at most one script call for each of 16 buckets, all on their way at once. */
export function createRedisSignalClaims(redis: RedisConnection, ttlMs: number): SignalClaims {
  redis.defineCommand('claimSignals', { lua: script });
  const claiming = redis as RedisConnection & ClaimingRedis;
  return {
    async claim(claims) {
      const answers = claims.map(() => true);
      await Promise.all(
        groupByBucket(claims).map(async ({ indexes, keys, positions }) => {
          const others = await run(claiming.claimSignals(keys.length, keys, ttlMs, positions.join(' ')));
          for (let i = 0; i < others.length; i += 2) {
            const at = Number(others[i]) - 1;
            answers[indexes[at]!] = others[i + 1] === '' || others[i + 1] === positions[at];
          }
        }),
      );
      return answers;
    },
  };
}

/** What goes to one bucket, side by side as the command takes it. */
interface Bucket {
  readonly indexes: number[];
  readonly keys: string[];
  readonly positions: string[];
}

const digest = Buffer.alloc(32);

function groupByBucket(claims: readonly SignalClaim[]): Bucket[] {
  const all: Bucket[] = keyPrefixes.map(() => ({ indexes: [], keys: [], positions: [] }));
  for (let index = 0; index < claims.length; index++) {
    const { environment, signalId, position } = claims[index]!;
    // As a text, and copied: half of what a buffer costs that is made for each.
    digest.write(hash('sha256', JSON.stringify([environment, signalId]), 'binary'), 'latin1');
    const number = digest[0]! % keyPrefixes.length;
    const bucket = all[number]!;
    bucket.indexes.push(index);
    // 128 bits: two signals that share them are not to be expected in the life of a claim.
    bucket.keys.push(keyPrefixes[number]! + digest.toString('base64url', 1, 17));
    bucket.positions.push(position);
  }
  return all.filter(({ keys }) => keys.length > 0);
}

async function run<T>(command: Promise<T>): Promise<T> {
  try {
    return await command;
  } catch (error) {
    throw new AppError('unavailable', `Redis: ${describeError(error)}`, { cause: error });
  }
}
