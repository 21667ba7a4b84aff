import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { DayTotal } from '../diagnose/day-total.ts';
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

/**
 * KEYS: the switch, then one hash a window. ARGV: tokens, micro-dollars, floor of the day, a mark for what is made anew,
 * whether the spending was just read; then 4 a window. The mark of each hash comes back: whoever settles sees whether its reservation still stands there.
 */
const reserveScript = `
if redis.call('EXISTS', KEYS[1]) == 1 then return {'off'} end
if ARGV[5] == '0' and redis.call('HEXISTS', KEYS[4], 'mark') == 0 then return {'forgotten'} end
local spent = tonumber(redis.call('HGET', KEYS[4], 'dollars') or '0')
if spent < tonumber(ARGV[3]) then redis.call('HSET', KEYS[4], 'dollars', ARGV[3]) end
for i = 2, #KEYS do
  local at = 6 + (i - 2) * 4
  redis.call('HSETNX', KEYS[i], 'mark', ARGV[4])
  redis.call('PEXPIRE', KEYS[i], ARGV[at + 3])
  local now = redis.call('HMGET', KEYS[i], 'calls', 'tokens', 'dollars')
  if tonumber(now[1] or '0') + 1 > tonumber(ARGV[at])
    or tonumber(now[2] or '0') + tonumber(ARGV[1]) > tonumber(ARGV[at + 1])
    or tonumber(now[3] or '0') + tonumber(ARGV[2]) > tonumber(ARGV[at + 2]) then
    local waiting = redis.call('HINCRBY', KEYS[i], 'refused', 1)
    return {'refused', i - 2, waiting}
  end
end
local reply = {'reserved', '0'}
for i = 2, #KEYS do
  redis.call('HINCRBY', KEYS[i], 'calls', 1)
  redis.call('HINCRBY', KEYS[i], 'tokens', ARGV[1])
  redis.call('HINCRBY', KEYS[i], 'dollars', ARGV[2])
  reply[i + 1] = redis.call('HGET', KEYS[i], 'mark')
end
reply[2] = redis.call('HGET', KEYS[4], 'dollars')
return reply`;

/** ARGV: what it cost (calls, tokens, micro-dollars), what was reserved, then the mark of each hash. */
const settleScript = `
for i = 1, #KEYS do
  local mark = redis.call('HGET', KEYS[i], 'mark')
  local stands = mark == ARGV[6 + i]
  if mark then
    for j, field in ipairs({'calls', 'tokens', 'dollars'}) do
      local change = tonumber(ARGV[j])
      if stands then change = change - tonumber(ARGV[3 + j]) end
      redis.call('HINCRBY', KEYS[i], field, change)
    end
  end
end
return {'done'}`;

interface BudgetRedis extends Redis {
  budgetReserve(keyCount: number, ...args: (string | number)[]): Promise<[string, ...(string | number)[]]>;
  budgetSettle(keyCount: number, ...args: (string | number)[]): Promise<unknown>;
}

export interface RedisModelBudgetOptions {
  readonly limits: BudgetLimits;
  /** Dollars that were surely spent on a UTC day, from where they are remembered longer than in Redis. */
  readonly readSpending: (day: string) => Promise<number>;
  readonly now?: () => number;
}

/**
 * Budgets in Redis, in one script. An emptied Redis does not reopen the purse of a day: whoever is new to a day, or finds
 * its counters gone, asks first what was spent. The floor is the highest of that, of what the request says that the
 * database knows, and of the highest total that this process has seen on that day. What is in flight when Redis is emptied
 * is added when it is settled. A spending that cannot be read answers `unknown`: then nobody pays.
 */
export function createRedisModelBudget(
  connection: Redis,
  { limits, readSpending, now = Date.now }: RedisModelBudgetOptions,
): ModelBudget {
  connection.defineCommand('budgetReserve', { lua: reserveScript });
  connection.defineCommand('budgetSettle', { lua: settleScript });
  const redis = connection as BudgetRedis;
  const total = new DayTotal(readSpending);
  const windows = toArguments(limits);
  return {
    async reserve(incidentId, worst, floor) {
      const nowMs = now();
      const day = new Date(nowMs).toISOString().slice(0, 10);
      const keys = budgetWindows.map((window) => keyOf(window, incidentId, nowMs));
      const worstArgs = [1, worst.tokens, toMicros(worst.dollars)];
      const ask = (isRead: boolean) =>
        redis.budgetReserve(
          keys.length + 1,
          killSwitchKey,
          ...keys,
          ...worstArgs.slice(1),
          total.micros,
          randomUUID(),
          isRead ? 1 : 0,
          ...windows,
        );
      let reply: [string, ...(string | number)[]];
      try {
        const isRead = await total.startDay(day);
        if (floor.day === day) total.raise(day, toMicros(floor.dollars));
        reply = await ask(isRead);
        if (reply[0] === 'forgotten') {
          await total.read(day);
          reply = await ask(true);
        }
      } catch {
        return { kind: 'unknown' };
      }
      const [kind, value, ...marks] = reply;
      if (kind === 'off') return { kind: 'switchedOff' };
      if (kind === 'refused')
        return refusal(budgetWindows[Number(value)] ?? 'day', Number(marks[0]), { limits, nowMs });
      total.raise(day, Number(value));
      return {
        kind: 'reserved',
        async settle(cost: Cost | undefined) {
          const actual = cost === undefined ? [0, 0, 0] : [1, cost.tokens, toMicros(cost.dollars)];
          try {
            await redis.budgetSettle(keys.length, ...keys, ...actual, ...worstArgs, ...marks);
            total.lower(day, toMicros(worst.dollars) - (actual[2] ?? 0));
          } catch {
            return; // Stays reserved at its worst: a budget may be used up early, and is never exceeded.
          }
        },
      };
    },
  };
}

function toArguments(limits: BudgetLimits): number[] {
  return budgetWindows.flatMap((window) => {
    const { calls, tokens, dollars } = limits[window];
    return [calls, tokens, toMicros(dollars), lengthMs[window] * 2];
  });
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
