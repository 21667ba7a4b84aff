import type { Redis } from 'ioredis';
import {
  budgetWindows,
  type BudgetLimits,
  type BudgetWindow,
  type Cost,
  type ModelBudget,
} from '../diagnose/model-budget.ts';

/** Set this key to anything to stop all calls at once, without a restart; delete it to go on. */
export const killSwitchKey = 'ps:{budget}:off';

const lengthMs: Readonly<Record<BudgetWindow, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  // Of an incident: as long as its answers are kept.
  incident: 7 * 86_400_000,
};

/** KEYS: the switch, then one hash a window. ARGV: tokens, micro-dollars, floor of the day; then 4 a window. */
const reserveScript = `
if redis.call('EXISTS', KEYS[1]) == 1 then return {'off'} end
local spent = tonumber(redis.call('HGET', KEYS[4], 'dollars') or '0')
if spent < tonumber(ARGV[3]) then redis.call('HSET', KEYS[4], 'dollars', ARGV[3]) end
for i = 2, #KEYS do
  local at = 4 + (i - 2) * 4
  local now = redis.call('HMGET', KEYS[i], 'calls', 'tokens', 'dollars')
  if tonumber(now[1] or '0') + 1 > tonumber(ARGV[at])
    or tonumber(now[2] or '0') + tonumber(ARGV[1]) > tonumber(ARGV[at + 1])
    or tonumber(now[3] or '0') + tonumber(ARGV[2]) > tonumber(ARGV[at + 2]) then
    local waiting = redis.call('HINCRBY', KEYS[i], 'refused', 1)
    redis.call('PEXPIRE', KEYS[i], ARGV[at + 3])
    return {'refused', i - 2, waiting}
  end
end
for i = 2, #KEYS do
  redis.call('HINCRBY', KEYS[i], 'calls', 1)
  redis.call('HINCRBY', KEYS[i], 'tokens', ARGV[1])
  redis.call('HINCRBY', KEYS[i], 'dollars', ARGV[2])
  redis.call('PEXPIRE', KEYS[i], ARGV[7 + (i - 2) * 4])
end
return {'reserved', redis.call('HGET', KEYS[4], 'dollars')}`;

const settleScript = `
for i = 1, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 1 then
    redis.call('HINCRBY', KEYS[i], 'calls', ARGV[1])
    redis.call('HINCRBY', KEYS[i], 'tokens', ARGV[2])
    redis.call('HINCRBY', KEYS[i], 'dollars', ARGV[3])
  end
end
return {'done'}`;

interface BudgetRedis extends Redis {
  budgetReserve(
    keyCount: number,
    ...args: (string | number)[]
  ): Promise<[string, (string | number)?, number?]>;
  budgetSettle(keyCount: number, ...args: (string | number)[]): Promise<unknown>;
}

/**
 * Budgets in Redis, in one script. An emptied Redis does not reopen the purse of a day: the floor is the highest of what
 * the request says that the database knows and of the highest total that this process has seen on that day.
 */
export function createRedisModelBudget(
  connection: Redis,
  limits: BudgetLimits,
  now: () => number = Date.now,
): ModelBudget {
  connection.defineCommand('budgetReserve', { lua: reserveScript });
  connection.defineCommand('budgetSettle', { lua: settleScript });
  const redis = connection as BudgetRedis;
  let seen = { day: '', micros: 0 };
  return {
    async reserve(incidentId, worst, floor) {
      const nowMs = now();
      const day = new Date(nowMs).toISOString().slice(0, 10);
      if (seen.day !== day) seen = { day, micros: 0 };
      if (floor.day === day) seen.micros = Math.max(seen.micros, toMicros(floor.dollars));
      const keys = budgetWindows.map((window) => keyOf(window, incidentId, nowMs));
      const args = budgetWindows.flatMap((window) => {
        const { calls, tokens, dollars } = limits[window];
        return [calls, tokens, toMicros(dollars), lengthMs[window] * 2];
      });
      const micros = toMicros(worst.dollars);
      try {
        const all = [killSwitchKey, ...keys];
        const [kind, value, waiting] = await redis.budgetReserve(
          all.length,
          ...all,
          worst.tokens,
          micros,
          seen.micros,
          ...args,
        );
        if (kind === 'off') return { kind: 'switchedOff' };
        if (kind === 'refused')
          return refusal(budgetWindows[Number(value)] ?? 'day', Number(waiting), { limits, nowMs });
        seen.micros = Math.max(seen.micros, Number(value));
      } catch {
        return { kind: 'unknown' };
      }
      return {
        kind: 'reserved',
        async settle(cost: Cost | undefined) {
          const calls = cost === undefined ? -1 : 0;
          const { tokens, dollars } = cost ?? { tokens: 0, dollars: 0 };
          const change = toMicros(dollars) - micros;
          try {
            await redis.budgetSettle(keys.length, ...keys, calls, tokens - worst.tokens, change);
            if (seen.day === day) seen.micros = Math.max(0, seen.micros + change);
          } catch {
            // Stays reserved at its worst: a budget may be used up early, and is never exceeded.
            return;
          }
        },
      };
    },
  };
}

/** Whoever is turned away comes back when it is its turn: as many in each of the next windows as there is room for. */
function refusal(
  window: BudgetWindow,
  waiting: number,
  { limits, nowMs }: { limits: BudgetLimits; nowMs: number },
) {
  if (window === 'incident') return { kind: 'refused', window, roomAtMs: undefined } as const;
  const length = lengthMs[window];
  const next = (Math.floor(nowMs / length) + 1) * length;
  const turns = window === 'minute' ? Math.floor((waiting - 1) / Math.max(1, limits.minute.calls)) : 0;
  return { kind: 'refused', window, roomAtMs: next + turns * length } as const;
}

function keyOf(window: BudgetWindow, incidentId: string, nowMs: number): string {
  const which = window === 'incident' ? incidentId : Math.floor(nowMs / lengthMs[window]);
  return `ps:{budget}:${window}:${which}`;
}

function toMicros(dollars: number): number {
  return Math.ceil(Math.max(0, dollars) * 1_000_000);
}
