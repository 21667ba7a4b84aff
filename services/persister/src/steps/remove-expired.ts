import { fromMicros, type Database, type SqlSession } from '@prodsentinel/database';

export interface Retention {
  /** Microseconds since 1970: incidents closed before are removed with all that belongs to them. */
  readonly closedBefore: number;
  /** Microseconds since 1970: what was counted of failures appended before (whole hours) is forgotten. */
  readonly countedBefore: number;
  /** Most rows of a big table that one transaction removes. */
  readonly batchRows: number;
  /** Most transactions of one call; the next call goes on. */
  readonly maxBatches: number;
}

/**
 * Removes what is past its retention, in small transactions. Only closed incidents are touched, and what was counted is
 * kept by the age of the failures, whatever became of their incident: what was removed cannot be counted anew.
 *
 * @returns how many incidents and how many rows of `counted_blocks` were removed
 */
export async function removeExpired(
  database: Database,
  { closedBefore, countedBefore, batchRows, maxBatches }: Retention,
): Promise<{ incidents: number; countedRows: number }> {
  let batches = 0;
  let incidents = 0;
  for (; batches < maxBatches; batches++) {
    const outcome = await database.transaction((session) =>
      removeFromOldest(session, { closedBefore, batchRows }),
    );
    if (outcome === 'none') break;
    if (outcome === 'removed') incidents++;
  }
  let countedRows = 0;
  for (const partition of await readCountedPartitions(database))
    for (; batches < maxBatches; batches++) {
      const removed = await removeCounted(database, { partition, countedBefore, batchRows });
      countedRows += removed;
      if (removed < batchRows) break;
    }
  return { incidents, countedRows };
}

/** Locks in the one order: fingerprints, then the incident; whoever is opening its successor comes first or later. */
async function removeFromOldest(
  session: SqlSession,
  { closedBefore, batchRows }: Pick<Retention, 'closedBefore' | 'batchRows'>,
): Promise<'none' | 'smaller' | 'removed'> {
  const [oldest] = await session.query<{ id: string }>(
    `select id from incidents where status = 'closed' and closed_at < ${fromMicros('$1::int8')}
    order by closed_at limit 1`,
    [closedBefore],
  );
  if (!oldest) return 'none';
  await session.query(
    `select 1 from incident_fingerprints where incident_id = $1
    order by environment, version, fingerprint for update`,
    [oldest.id],
  );
  const [locked] = await session.query(
    `select 1 from incidents where id = $1 and status = 'closed' and closed_at < ${fromMicros('$2::int8')} for update`,
    [oldest.id, closedBefore],
  );
  // Another process was quicker, or a late failure reopened it: the next batch looks again.
  if (!locked) return 'smaller';
  const traces = await session.query(
    `delete from traces where ctid = any(array(select ctid from traces where incident_id = $1 limit $2)) returning 1`,
    [oldest.id, batchRows],
  );
  if (traces.length === batchRows) return 'smaller';
  await removeIncident(session, oldest.id);
  return 'removed';
}

async function removeIncident(session: SqlSession, id: string): Promise<void> {
  for (const sql of [
    'update incidents set current_analysis_id = null where id = $1',
    'update incidents set succeeds_id = null where succeeds_id = $1',
    'delete from analysis_results where incident_id = $1',
    'delete from analysis_requests where incident_id = $1',
    'delete from incident_events where incident_id = $1',
    'delete from incident_fingerprints where incident_id = $1',
    'delete from incidents where id = $1',
  ])
    await session.query(sql, [id]);
}

/** By jumps over the primary key: the table may be large, the partitions are few. */
async function readCountedPartitions(session: SqlSession): Promise<number[]> {
  const rows = await session.query<{ partition: number }>(
    `with recursive found(partition) as (
      (select partition from counted_blocks order by partition limit 1)
      union all
      select (select counted.partition from counted_blocks counted where counted.partition > found.partition
        order by counted.partition limit 1) from found where found.partition is not null
    ) select partition from found where partition is not null`,
  );
  return rows.map(({ partition }) => partition);
}

/** Rows that somebody is counting on are left for the next time. */
async function removeCounted(
  session: SqlSession,
  { partition, countedBefore, batchRows }: { partition: number; countedBefore: number; batchRows: number },
): Promise<number> {
  const rows = await session.query(
    `delete from counted_blocks where ctid = any(array(
      select ctid from counted_blocks where partition = $1 and append_hour < $2
      order by append_hour limit $3 for update skip locked
    )) returning 1`,
    [partition, Math.floor(countedBefore / hourMicros), batchRows],
  );
  return rows.length;
}

const hourMicros = 3_600_000_000;
