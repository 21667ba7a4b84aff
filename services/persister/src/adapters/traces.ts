import { fromMicros, toNumberArray, toTextArray, type SqlSession } from '@prodsentinel/database';
import type { TraceShare } from '../domain/decide-observations.ts';
import { compareTexts } from '../domain/compare-texts.ts';

/**
 * Adds failures to traces and answers how many traces are new, by incident. The locked incidents keep others from their
 * traces meanwhile.
 */
export async function addToTraces(
  session: SqlSession,
  shares: readonly TraceShare[],
): Promise<Map<string, number>> {
  if (shares.length === 0) return new Map();
  const ordered = shares.toSorted(
    (a, b) =>
      compareTexts(a.environment, b.environment) ||
      compareTexts(a.traceId, b.traceId) ||
      compareTexts(a.incidentId, b.incidentId),
  );
  const rows = await session.query<{ incidentId: string; added: string }>(
    `with given as (
      select environment, trace_id, incident_id, ${fromMicros('first_seen_at')} as first_seen_at,
        ${fromMicros('last_seen_at')} as last_seen_at, failures
      from unnest($1::text[], $2::text[], $3::uuid[], $4::int8[], $5::int8[], $6::int8[])
        as given(environment, trace_id, incident_id, first_seen_at, last_seen_at, failures)
    ),
    added as (
      insert into traces as stored (environment, trace_id, incident_id, first_seen_at, last_seen_at, failure_count)
      select environment, trace_id, incident_id, first_seen_at, last_seen_at, failures from given
      on conflict (environment, trace_id, incident_id) do update set
        first_seen_at = least(stored.first_seen_at, excluded.first_seen_at),
        last_seen_at = greatest(stored.last_seen_at, excluded.last_seen_at),
        failure_count = stored.failure_count + excluded.failure_count
      returning incident_id, (xmax = 0) as is_new
    )
    select incident_id as "incidentId", count(*) filter (where is_new) as added from added group by incident_id`,
    [
      toTextArray(ordered.map(({ environment }) => environment)),
      toTextArray(ordered.map(({ traceId }) => traceId)),
      toTextArray(ordered.map(({ incidentId }) => incidentId)),
      toNumberArray(ordered.map(({ firstAppendedAt }) => firstAppendedAt)),
      toNumberArray(ordered.map(({ lastAppendedAt }) => lastAppendedAt)),
      toNumberArray(ordered.map(({ failures }) => failures)),
    ],
  );
  return new Map(rows.map(({ incidentId, added }) => [incidentId, Number(added)]));
}
