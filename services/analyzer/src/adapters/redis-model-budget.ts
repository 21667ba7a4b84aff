import { randomUUID } from 'node:crypto';
import { DayTotal, nothingSpent, type Spendings } from '../diagnose/day-total.ts';
import {
  budgetWindows,
  type BudgetLimits,
  type BudgetWindow,
  type Cost,
  type DaySpending,
  type ModelBudget,
  type Reservation,
} from '../diagnose/model-budget.ts';
import type { RedisConnection } from './redis.ts';

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
 * KEYS: the switch, then one hash a window. ARGV: tokens, micro-dollars, a mark for what is made anew, whether the spending
 * was just read, the floors of the day (calls, tokens, micro-dollars); then 4 a window. What was spent of the day comes back,
 * without what is only reserved (`open:`, which may be settled for less), and the mark of each hash: whoever settles sees
 * whether its reservation still stands there.
 */
const reserveScript = `
if redis.call('EXISTS', KEYS[1]) == 1 then return {'off'} end
if ARGV[4] == '0' and redis.call('HEXISTS', KEYS[4], 'mark') == 0 then return {'forgotten'} end
local fields = {'calls', 'tokens', 'dollars'}
for i = 2, #KEYS do
  redis.call('HSETNX', KEYS[i], 'mark', ARGV[3])
  redis.call('PEXPIRE', KEYS[i], ARGV[11 + (i - 2) * 4])
end
local spent = {}
for j, field in ipairs(fields) do
  local open = tonumber(redis.call('HGET', KEYS[4], 'open:' .. field) or '0')
  local total = tonumber(redis.call('HGET', KEYS[4], field) or '0')
  spent[j] = math.max(total - open, tonumber(ARGV[4 + j]))
  if spent[j] > total - open then redis.call('HINCRBY', KEYS[4], field, spent[j] - (total - open)) end
end
for i = 2, #KEYS do
  local at = 8 + (i - 2) * 4
  local now = redis.call('HMGET', KEYS[i], unpack(fields))
  if tonumber(now[1] or '0') + 1 > tonumber(ARGV[at])
    or tonumber(now[2] or '0') + tonumber(ARGV[1]) > tonumber(ARGV[at + 1])
    or tonumber(now[3] or '0') + tonumber(ARGV[2]) > tonumber(ARGV[at + 2]) then
    local waiting = redis.call('HINCRBY', KEYS[i], 'refused', 1)
    return {'refused', i - 2, waiting}
  end
end
local marks = {}
local reserved = {1, ARGV[1], ARGV[2]}
for j, field in ipairs(fields) do redis.call('HINCRBY', KEYS[4], 'open:' .. field, reserved[j]) end
for i = 2, #KEYS do
  redis.call('HINCRBY', KEYS[i], 'calls', 1)
  redis.call('HINCRBY', KEYS[i], 'tokens', ARGV[1])
  redis.call('HINCRBY', KEYS[i], 'dollars', ARGV[2])
  marks[i - 1] = redis.call('HGET', KEYS[i], 'mark')
end
return {'reserved', spent[1], spent[2], spent[3], unpack(marks)}`;

/**
 * ARGV: what it cost (calls, tokens, micro-dollars), what was reserved, then the mark of each hash. Answers 1 when the
 * reservation stood in that of the day (KEYS[3]), and what was spent of it.
 */
const settleScript = `
local fields = {'calls', 'tokens', 'dollars'}
local stood = 0
for i = 1, #KEYS do
  local mark = redis.call('HGET', KEYS[i], 'mark')
  local stands = mark == ARGV[6 + i]
  if mark then
    for j, field in ipairs(fields) do
      local change = tonumber(ARGV[j])
      if stands then change = change - tonumber(ARGV[3 + j]) end
      redis.call('HINCRBY', KEYS[i], field, change)
      if stands and i == 3 then
        stood = 1
        redis.call('HINCRBY', KEYS[i], 'open:' .. field, -tonumber(ARGV[3 + j]))
      end
    end
  end
end
local spent = {}
for j, field in ipairs(fields) do
  spent[j] = tonumber(redis.call('HGET', KEYS[3], field) or '0') - tonumber(redis.call('HGET', KEYS[3], 'open:' .. field) or '0')
end
return {stood, unpack(spent)}`;

interface BudgetRedis {
  budgetReserve(keyCount: number, ...args: (string | number)[]): Promise<ReserveReply>;
  budgetSettle(keyCount: number, ...args: (string | number)[]): Promise<readonly number[]>;
}

export interface RedisModelBudgetOptions {
  readonly limits: BudgetLimits;
  /** What was surely spent on a UTC day, from where it is remembered longer than in Redis. */
  readonly readSpending: (day: string) => Promise<DaySpending>;
  /** Told why a budget could not be reserved (nobody pays then) or settled (it stays reserved at its worst). */
  readonly onTrouble: (what: 'reserve' | 'settle', error: unknown) => void;
  readonly now?: () => number;
}

/**
 * Budgets in Redis, in one script. An emptied Redis does not reopen the purse of a day, in calls, tokens and dollars:
 * whoever is new to a day, or finds its counters gone, asks first what was spent. The floor is the highest of that, of what
 * the request says that the database knows (dollars), and of the most that this process has seen spent on that day.
 * What is in flight when Redis is emptied is no part of it, and is added when it is settled. A spending that cannot be read answers `unknown`:
 * then nobody pays.
 */
export function createRedisModelBudget(
  connection: RedisConnection,
  options: RedisModelBudgetOptions,
): ModelBudget {
  connection.defineCommand('budgetReserve', { lua: reserveScript });
  connection.defineCommand('budgetSettle', { lua: settleScript });
  const readSpending = async (day: string) => {
    const { calls, tokens, dollars } = await options.readSpending(day);
    return { calls, tokens, micros: toMicros(dollars) };
  };
  const purse: Purse = {
    redis: connection as RedisConnection & BudgetRedis,
    total: new DayTotal(readSpending),
    ...options,
  };
  return { reserve: (incidentId, worst, floor) => reserve(purse, { incidentId, worst, floor }) };
}

interface Purse extends RedisModelBudgetOptions {
  readonly redis: BudgetRedis;
  readonly total: DayTotal;
}

interface Wanted {
  readonly incidentId: string;
  readonly worst: Cost;
  readonly floor: { readonly day: string; readonly dollars: number };
}

async function reserve(purse: Purse, { incidentId, worst, floor }: Wanted): Promise<Reservation> {
  const { total, limits, onTrouble } = purse;
  const nowMs = (purse.now ?? Date.now)();
  const day = new Date(nowMs).toISOString().slice(0, 10);
  const keys = budgetWindows.map((window) => keyOf(window, incidentId, nowMs));
  const reserved: Spendings = { calls: 1, tokens: worst.tokens, micros: toMicros(worst.dollars) };
  let reply: ReserveReply;
  try {
    const isRead = await total.startDay(day);
    if (floor.day === day) total.raise(day, { ...nothingSpent, micros: toMicros(floor.dollars) });
    reply = await askRedis(purse, { keys, reserved, isRead });
    if (reply[0] === 'forgotten') {
      await total.read(day);
      reply = await askRedis(purse, { keys, reserved, isRead: true });
    }
  } catch (error) {
    onTrouble('reserve', error);
    return { kind: 'unknown' };
  }
  const [kind, first, second, third, ...marks] = reply;
  if (kind === 'off') return { kind: 'switchedOff' };
  if (kind === 'refused')
    return refusal(budgetWindows[Number(first)] ?? 'day', Number(second), { limits, nowMs });
  total.raise(day, { calls: Number(first), tokens: Number(second), micros: Number(third) });
  return { kind: 'reserved', settle: (cost) => settle(purse, { keys, marks, day, reserved }, cost) };
}

type ReserveReply = readonly [string, ...(string | number)[]];

function askRedis(
  { redis, total, limits }: Purse,
  { keys, reserved, isRead }: { keys: readonly string[]; reserved: Spendings; isRead: boolean },
): Promise<ReserveReply> {
  const { calls, tokens, micros } = total.total;
  return redis.budgetReserve(
    keys.length + 1,
    killSwitchKey,
    ...keys,
    reserved.tokens,
    reserved.micros,
    randomUUID(),
    isRead ? 1 : 0,
    calls,
    tokens,
    micros,
    ...toArguments(limits),
  );
}

async function settle(
  { redis, total, onTrouble }: Purse,
  held: {
    keys: readonly string[];
    marks: readonly (string | number)[];
    day: string;
    reserved: Spendings;
  },
  cost: Cost | undefined,
): Promise<void> {
  const { keys, marks, day, reserved } = held;
  const actual: Spendings =
    cost === undefined ? nothingSpent : { calls: 1, tokens: cost.tokens, micros: toMicros(cost.dollars) };
  try {
    const [stood, calls = 0, tokens = 0, micros = 0] = await redis.budgetSettle(
      keys.length,
      ...keys,
      ...toList(actual),
      ...toList(reserved),
      ...marks,
    );
    if (stood !== 1) total.add(day, actual);
    total.raise(day, { calls, tokens, micros });
  } catch (error) {
    // Stays reserved at its worst: a budget may be used up early, and is never exceeded.
    onTrouble('settle', error);
    total.add(day, actual);
  }
}

function toList({ calls, tokens, micros }: Spendings): number[] {
  return [calls, tokens, micros];
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
