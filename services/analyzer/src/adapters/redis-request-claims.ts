import { describeError } from '@prodsentinel/kernel';
import type { ClaimReply, CountReply } from '../domain/diagnose/answer-once.ts';
import type { RequestClaim, RequestClaims } from '../diagnose/request-claims.ts';
import type { RedisConnection } from './redis.ts';

export interface RedisRequestClaimsOptions {
  readonly leaseMs: number;
  /** Charged calls for one request, over all processes. */
  readonly maxAttempts: number;
  /** Told why Redis did not answer, and of undefined when it did. */
  readonly onAvailability: (reason: string | undefined) => void;
}

/** How long a paid answer is kept: as long as its request can be read again from Kafka. */
const keepAnswerMs = 7 * 24 * 60 * 60_000;

/** Claims in Redis: each step one atomic script that checks the token. Keys `ps:{req:ID}:lease`, `:answer`, `:attempts`. */
export function createRedisRequestClaims(
  redis: RedisConnection,
  options: RedisRequestClaimsOptions,
): RequestClaims {
  for (const [name, lua] of Object.entries(scripts)) redis.defineCommand(`claim${name}`, { lua });
  return { of: (requestId, token) => claimOf(redis as ClaimingRedis, requestId, { ...options, token }) };
}

type Answer = readonly [kind: string, rest?: string | number];
type Script = (keyCount: 3, ...args: (string | number)[]) => Promise<Answer>;
type ClaimingRedis = RedisConnection & Record<`claim${keyof typeof scripts}`, Script>;

/** KEYS: lease, answer, attempts. ARGV[1]: our token. */
const scripts = {
  Acquire: `
local answer = redis.call('GET', KEYS[2])
if answer then return {'sealed', answer} end
if redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2], 'NX') then return {'acquired'} end
return {'taken', redis.call('PTTL', KEYS[1])}`,
  Look: `
local answer = redis.call('GET', KEYS[2])
if answer then return {'sealed', answer} end
local owner = redis.call('GET', KEYS[1])
if owner == ARGV[1] then return {'acquired'} end
if owner then return {'taken', redis.call('PTTL', KEYS[1])} end
return {'absent'}`,
  Count: `
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('EXISTS', KEYS[2]) == 1 then return {'lost'} end
local name = ARGV[1] .. '/' .. ARGV[2]
if redis.call('SISMEMBER', KEYS[3], name) == 0 then
  if redis.call('SCARD', KEYS[3]) >= tonumber(ARGV[3]) then return {'exhausted'} end
  redis.call('SADD', KEYS[3], name)
  redis.call('PEXPIRE', KEYS[3], ARGV[4])
end
return {'counted'}`,
  GiveBack: `
redis.call('SREM', KEYS[3], ARGV[1] .. '/' .. ARGV[2])
return {'done'}`,
  Renew: `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {'renewed'}`,
  Seal: `
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3], 'NX')
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return {'sealed', redis.call('GET', KEYS[2])}`,
  Release: `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return {'done'}`,
} as const;

function claimOf(
  redis: ClaimingRedis,
  requestId: string,
  { leaseMs, maxAttempts, onAvailability, token }: RedisRequestClaimsOptions & { token: string },
): RequestClaim {
  // The hash tag keeps all keys of one request on one node of a cluster.
  const keys = ['lease', 'answer', 'attempts'].map((each) => `ps:{req:${requestId}}:${each}`);
  const run = async (name: keyof typeof scripts, ...args: (string | number)[]): Promise<Answer> => {
    try {
      const answer = await redis[`claim${name}`](3, ...keys, token, ...args);
      onAvailability(undefined);
      return answer;
    } catch (error) {
      onAvailability(describeError(error));
      return ['unknown'];
    }
  };
  return {
    acquire: async () => toClaim(await run('Acquire', leaseMs)) as ClaimReply<string>,
    look: async () => toClaim(await run('Look')),
    count: async (attempt) => (await run('Count', attempt, maxAttempts, keepAnswerMs))[0] as CountReply,
    async giveBack(attempt) {
      // An attempt that cannot be given back stays counted: that costs an attempt and never a second payment.
      await run('GiveBack', attempt);
    },
    renew: async () => (await run('Renew', leaseMs))[0] !== 'lost',
    async seal(answer) {
      const [kind, kept] = await run('Seal', answer, keepAnswerMs);
      return kind === 'sealed' ? { kind, answer: String(kept) } : { kind: 'unknown' };
    },
    async release() {
      // A lease that cannot be given back runs out by itself.
      await run('Release');
    },
  };
}

function toClaim([kind, rest]: Answer): ClaimReply<string> | { kind: 'absent' } {
  if (kind === 'sealed') return { kind, answer: String(rest) };
  if (kind === 'taken') return { kind, leftMs: Math.max(0, Number(rest)) };
  if (kind === 'acquired' || kind === 'absent') return { kind };
  return { kind: 'unknown' };
}
