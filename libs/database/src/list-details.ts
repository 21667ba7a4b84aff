import { AppError } from '@prodsentinel/kernel';
import {
  analysisColumns,
  type AnalysisDetails,
  type EventDetails,
  type TraceDetails,
} from './show-incident.ts';
import { toIso, type SqlSession } from './sql-session.ts';

export interface PageRequest {
  readonly incidentId: string;
  /** Most rows, 1 to 1,000, default 50. */
  readonly limit?: number;
  /** The `next` of the page before. */
  readonly after?: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Give it as `after` for the next page; null when this is the last. */
  readonly next: string | null;
}

/**
 * Every analysis of an incident, by request number and then id.
 *
 * @throws AppError `invalid_input` for a limit or a cursor that is none, `unavailable` when the database is away
 */
export function listAnalyses(session: SqlSession, request: PageRequest): Promise<Page<AnalysisDetails>> {
  return readPage<AnalysisDetails>(session, request, {
    cursor: /^(\d{1,15})_([\da-f-]{36})$/,
    first: ['0', '00000000-0000-0000-0000-000000000000'],
    sql: `select ${analysisColumns} from analysis_results a
      where a.incident_id = $1 and (a.request_number, a.id) > ($2::int8, $3::uuid)
      order by a.request_number, a.id limit $4`,
    cursorOf: ({ requestNumber, id }) => `${requestNumber}_${id}`,
  });
}

/**
 * What happened to an incident, in order.
 *
 * @throws AppError as `listAnalyses` does
 */
export function listEvents(
  session: SqlSession,
  request: PageRequest,
): Promise<Page<EventDetails & { readonly id: string }>> {
  return readPage<EventDetails & { readonly id: string }>(session, request, {
    cursor: /^(\d{1,18})$/,
    first: ['0'],
    sql: `select id, kind, actor, reason, detail, ${toIso('at')} as at from incident_events
      where incident_id = $1 and id > $2::int8 order by incident_events.id limit $3`,
    cursorOf: ({ id }) => id,
  });
}

/**
 * The traces of an incident, the most recently seen first.
 *
 * @throws AppError as `listAnalyses` does
 */
export function listTraces(session: SqlSession, request: PageRequest): Promise<Page<TraceDetails>> {
  return readPage<TraceDetails>(session, request, {
    // The trace id is whatever the sender made of it.
    cursor: /^(\d{4}-\d\d-\d\dT[\d:.]{8,15}Z)_(.{1,1000})$/s,
    first: ['infinity', ''],
    sql: `select trace_id as "traceId", failure_count::float8 as "failureCount",
        ${toIso('first_seen_at')} as "firstSeenAt", ${toIso('last_seen_at')} as "lastSeenAt"
      from traces where incident_id = $1 and last_seen_at <= $2::timestamptz
        and (last_seen_at < $2::timestamptz or trace_id > $3)
      order by last_seen_at desc, trace_id limit $4`,
    cursorOf: ({ lastSeenAt, traceId }) => `${lastSeenAt}_${traceId}`,
  });
}

interface PageQuery<T> {
  readonly cursor: RegExp;
  /** Where the first page begins. */
  readonly first: readonly string[];
  readonly sql: string;
  readonly cursorOf: (item: T) => string;
}

async function readPage<T extends object>(
  session: SqlSession,
  { incidentId, limit = 50, after }: PageRequest,
  { cursor, first, sql, cursorOf }: PageQuery<T>,
): Promise<Page<T>> {
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
    throw new AppError('invalid_input', 'limit: expected a whole number between 1 and 1000', {
      path: 'limit',
    });
  const from = after === undefined ? first : cursor.exec(after)?.slice(1);
  if (!from)
    throw new AppError('invalid_input', 'after: expected the `next` of the page before', { path: 'after' });
  const rows = await session.query<T>(sql, [incidentId, ...from, limit + 1]);
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last ? cursorOf(last) : null };
}
