import { AppError } from '@prodsentinel/kernel';
import { toNumberArray, toTextArray, type SqlSession } from '@prodsentinel/database';
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
    keys: keys.filter((_, place) => known.has(place)),
    shares: shares.flatMap(({ key, window, offsets }): KnownShare[] => {
      const row = known.has(key) ? keys[key] : undefined;
      return row ? [{ ...row, window, offsets }] : [];
    }),
  });
  for (const { key, window, failures } of shares)
    if (!known.has(key)) counts.set(window, failures + (counts.get(window) ?? 0));
  return counts;
}

/** Inserts the rows that are missing, in key order, with all their offsets. Answers the places of those that were there. */
async function insertMissing(session: SqlSession, keys: readonly CountedKey[]): Promise<number[]> {
  const rows = await session.query<{ place: string }>(
    `with given as materialized (select * from ${givenKeys}),
    inserted as (
      insert into counted_offsets as counted (partition, append_hour, block, environment, trace_id, offsets)
      select partition, append_hour, block, environment, trace_id, offsets from given order by place
      on conflict do nothing
      returning counted.partition, counted.append_hour, counted.block, counted.environment, counted.trace_id
    )
    select place from given where not exists (select 1 from inserted counted where ${sameKey}) order by place`,
    toGiven(keys),
  );
  return rows.map(({ place }) => Number(place) - 1);
}

interface KnownShare extends CountedKey {
  readonly window: number;
}

async function addToKnown(
  session: SqlSession,
  { keys, shares }: { readonly keys: readonly CountedKey[]; readonly shares: readonly KnownShare[] },
): Promise<Map<number, number>> {
  if (keys.length === 0) return new Map();
  await lockKeys(session, keys);
  const rows = await session.query<{ window: number; failures: string }>(
    `with added as (
      update counted_offsets counted set offsets = counted.offsets + given.offsets
      from ${givenKeys} where ${sameKey} and not counted.offsets @> given.offsets
    )
    select given."window", sum(upper(new.range) - lower(new.range)) as failures
    from unnest($7::int[], $8::int8[], $9::int8[], $10::text[], $11::text[], $12::int8multirange[], $13::int[])
      as given(partition, append_hour, block, environment, trace_id, offsets, "window")
    join counted_offsets counted on ${sameKey}
    cross join lateral unnest(given.offsets - counted.offsets) as new(range)
    group by given."window"`,
    // Each with its whole key: a join of two lists of unknown length would be planned as nested loops.
    [...toGiven(keys), ...toGiven(shares), toNumberArray(shares.map(({ window }) => window))],
  );
  return new Map(rows.map(({ window, failures }) => [window, Number(failures)]));
}

function toGiven(keys: readonly CountedKey[]): string[] {
  return [
    toNumberArray(keys.map(({ partition }) => partition)),
    toNumberArray(keys.map(({ appendHour }) => appendHour)),
    toNumberArray(keys.map(({ block }) => block)),
    toTextArray(keys.map(({ environment }) => environment)),
    toTextArray(keys.map(({ traceId }) => traceId)),
    toTextArray(keys.map(({ offsets }) => offsets)),
  ];
}

const givenKeys = `unnest($1::int[], $2::int8[], $3::int8[], $4::text[], $5::text[], $6::int8multirange[])
  with ordinality as given(partition, append_hour, block, environment, trace_id, offsets, place)`;
const sameKey = `counted.partition = given.partition and counted.append_hour = given.append_hour
  and counted.block = given.block and counted.environment = given.environment and counted.trace_id = given.trace_id`;

/** In key order, so that two transactions never wait for each other crosswise. */
async function lockKeys(session: SqlSession, keys: readonly CountedKey[]): Promise<void> {
  const [locked] = await session.query<{ count: string }>(
    `select count(*) from (
      select 1 from ${givenKeys} join counted_offsets counted on ${sameKey} order by place for update of counted
    ) as locked`,
    toGiven(keys),
  );
  // Retention may have removed a row between the two statements: then nothing may be counted on it.
  if (Number(locked?.count) !== keys.length)
    throw new AppError('unavailable', 'rows of counted_offsets were removed while they were being locked');
}
