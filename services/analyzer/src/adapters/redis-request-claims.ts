import type { Redis } from 'ioredis';
import { AppError, describeError } from '@prodsentinel/kernel';
import type { RequestClaims } from '../diagnose/request-claims.ts';

/** Compare and delete: a lease that ran out and was taken by somebody else is not ours to give back. */
const releaseScript = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;

interface ReleasingRedis extends Redis {
  releaseLease(keyCount: number, key: string, token: string): Promise<number>;
}

export function createRedisRequestClaims(redis: Redis, leaseMs: number): RequestClaims {
  redis.defineCommand('releaseLease', { lua: releaseScript });
  const releasing = redis as ReleasingRedis;
  return {
    async acquire(requestId, token) {
      const key = leaseKey(requestId);
      try {
        return (await redis.set(key, token, 'PX', leaseMs, 'NX')) === 'OK';
      } catch {
        // An answer that was lost: the token says whether the claim is ours; asking NX again would deny our own.
        return (await run(redis.get(key))) === token;
      }
    },
    async release(requestId, token) {
      await run(releasing.releaseLease(1, leaseKey(requestId), token));
    },
  };
}

/** The hash tag keeps all keys of one request on one node of a cluster. */
function leaseKey(requestId: string): string {
  return `ps:{req:${requestId}}:lease`;
}

async function run<T>(command: Promise<T>): Promise<T> {
  try {
    return await command;
  } catch (error) {
    throw new AppError('unavailable', `Redis: ${describeError(error)}`, { cause: error });
  }
}
