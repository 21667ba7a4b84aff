import { AppError } from '@prodsentinel/kernel';
import type { SqlSession } from '@prodsentinel/database';
import type { CountedKey, WindowShare } from '../domain/fold-offsets.ts';

/**
 * Counts what was not counted before, and answers how many failures each window brought anew (windows that brought none
 * are absent).
 */
export async function countOffsets(
  session: SqlSession,
  { keys, shares }: { readonly keys: readonly CountedKey[]; readonly shares: readonly WindowShare[] },
): Promise<Map<number, number>> {
  if (keys.length === 0) return new Map();
  const known = new Set(await insertMissing(session, keys));
  // A row that this transaction inserted counts all that it holds: only the others have to be compared.
  const counts = await addToKnown(session, {
    keys: [...known].flatMap((place) => keys[place] ?? []),
    shares: shares.flatMap(({ key, window, offsets }) =>
      known.has(key) ? { ...keys[key], window, offsets } : [],
    ),
  });
  for (const { key, window, failures } of shares)
    if (!known.has(key)) counts.set(window, failures + (counts.get(window) ?? 0));
  return counts;
}

/** Inserts the rows that are missing, in key order, with all their offsets. Answers the places of those that were there. */
async function insertMissing(session: SqlSession, keys: readonly CountedKey[]): Promise<number[]> {
  const rows = await session.query<{ place: number }>(
    `with given as materialized (select * from ${givenKeys}),
    inserted as (
      insert into counted_offsets as counted (partition, append_hour, block, environment, trace_id, offsets)
      select partition, "appendHour", block, environment, "traceId", offsets from given order by place
      on conflict do nothing
      returning counted.partition, counted.append_hour, counted.block, counted.environment, counted.trace_id
    )
    select place from given where not exists (select 1 from inserted counted where ${sameKey}) order by place`,
    [toGiven(keys)],
  );
  return rows.map(({ place }) => place);
}

async function addToKnown(
  session: SqlSession,
  { keys, shares }: { readonly keys: readonly CountedKey[]; readonly shares: readonly object[] },
): Promise<Map<number, number>> {
  if (keys.length === 0) return new Map();
  const given = toGiven(keys);
  await lockKeys(session, given, keys.length);
  const rows = await session.query<{ window: number; failures: string }>(
    `with added as (
      update counted_offsets counted set offsets = counted.offsets + given.offsets
      from ${givenKeys} where ${sameKey} and not counted.offsets @> given.offsets
    )
    select given."window", sum(upper(new.range) - lower(new.range)) as failures
    from json_to_recordset($2::json) as given("window" int, partition int, "appendHour" int8, block int8,
      environment text, "traceId" text, offsets int8multirange)
    join counted_offsets counted on ${sameKey}
    cross join lateral unnest(given.offsets - counted.offsets) as new(range)
    group by given."window"`,
    // Each with its whole key: a join of two lists of unknown length would be planned as nested loops.
    [given, JSON.stringify(shares)],
  );
  return new Map(rows.map(({ window, failures }) => [window, Number(failures)]));
}

function toGiven(keys: readonly CountedKey[]): string {
  return JSON.stringify(keys.map((key, place) => ({ ...key, place })));
}

const givenKeys = `json_to_recordset($1::json) as given(
  place int, partition int, "appendHour" int8, block int8, environment text, "traceId" text, offsets int8multirange)`;
const sameKey = `counted.partition = given.partition and counted.append_hour = given."appendHour"
  and counted.block = given.block and counted.environment = given.environment and counted.trace_id = given."traceId"`;

/** In key order, so that two transactions never wait for each other crosswise. */
async function lockKeys(session: SqlSession, given: string, expected: number): Promise<void> {
  const [locked] = await session.query<{ count: string }>(
    `select count(*) from (
      select 1 from ${givenKeys} join counted_offsets counted on ${sameKey} order by place for update of counted
    ) as locked`,
    [given],
  );
  // Retention may have removed a row between the two statements: then nothing may be counted on it.
  if (Number(locked?.count) !== expected)
    throw new AppError('unavailable', 'rows of counted_offsets were removed while they were being locked');
}
