import type { AnalysisReason, AnalysisRequested, Severity } from '@prodsentinel/contracts';
import { fromMicros, toMicros, type SqlSession } from '@prodsentinel/database';

/** Pending requests that are due, oldest first. `now` in microseconds since 1970. */
export function findDue(session: SqlSession, now: number, limit: number): Promise<RequestRef[]> {
  return session.query<RequestRef>(
    `select id, incident_id as "incidentId" from analysis_requests
    where state = 'pending' and due_at <= ${fromMicros('$1::int8')} order by due_at limit $2`,
    [now, limit],
  );
}

export interface RequestRef {
  readonly id: string;
  readonly incidentId: string;
}

/**
 * Fixes what a pending request asks with, and lets older unanswered ones of the incident rest. Nothing happens when
 * somebody else holds the incident or has frozen it: the next sweep looks again.
 */
export async function freezeRequest(session: SqlSession, request: RequestRef, now: number): Promise<void> {
  const incident = await lockForFreeze(session, request);
  if (!incident) return;
  if (incident.status === 'closed') {
    await session.query(`update analysis_requests set state = 'superseded' where id = $1`, [request.id]);
    return;
  }
  const spent = await readSpent(session, now);
  const payload = toPayload(request, incident, { now, ...spent });
  await session.query(
    `update analysis_requests set state = 'frozen', payload = $2, asked_templates = $3, asked_releases = $4,
      asked_failures = $5, frozen_at = ${fromMicros('$6::int8')}
    where id = $1`,
    [
      request.id,
      JSON.stringify(payload),
      payload.signature.length,
      payload.releases.length,
      payload.failureCount,
      now,
    ],
  );
  await session.query(
    `update analysis_requests set state = 'superseded'
    where incident_id = $1 and number < $2 and state in ('frozen', 'published')`,
    [request.incidentId, payload.requestNumber],
  );
}

export interface OverdueRule {
  /** Microseconds since 1970. */
  readonly now: number;
  /** A published request without a result is overdue after this time. Microseconds. */
  readonly resultTimeout: number;
  readonly maxPublishes: number;
}

/**
 * Locks one frozen request, or one that had no result for too long and may be published again. Of those beyond `after`,
 * which is an id or empty.
 */
export async function lockPublishable(
  session: SqlSession,
  after: string,
  { now, resultTimeout, maxPublishes }: OverdueRule,
): Promise<{ id: string; payload: AnalysisRequested } | undefined> {
  const [row] = await session.query<{ id: string; payload: AnalysisRequested }>(
    `select id, payload from analysis_requests
    where (state = 'frozen'
        or (state = 'published' and published_at <= ${fromMicros('$1::int8')} and publish_count < $2))
      and ($3 = '' or id::text > $3)
    order by id limit 1 for update skip locked`,
    [now - resultTimeout, maxPublishes, after],
  );
  return row;
}

export async function markPublished(session: SqlSession, id: string, now: number): Promise<void> {
  await session.query(
    `update analysis_requests set state = 'published', published_at = ${fromMicros('$2::int8')},
      publish_count = publish_count + 1 where id = $1`,
    [id, now],
  );
}

/** Nobody waits any more for an answer about a closed incident: its overdue requests rest. */
export async function restClosed(session: SqlSession, { now, resultTimeout }: OverdueRule): Promise<void> {
  await session.query(
    `update analysis_requests request set state = 'superseded' from incidents incident
    where request.state = 'published' and request.published_at <= ${fromMicros('$1::int8')}
      and incident.id = request.incident_id and incident.status = 'closed'`,
    [now - resultTimeout],
  );
}

/** Requests that were published as often as allowed and still have no result. */
export function findExhausted(session: SqlSession, { now, resultTimeout, maxPublishes }: OverdueRule) {
  return session.query<RequestRef>(
    `select id, incident_id as "incidentId" from analysis_requests
    where state = 'published' and published_at <= ${fromMicros('$1::int8')} and publish_count >= $2
    order by id limit 100`,
    [now - resultTimeout, maxPublishes],
  );
}

/** Gives a request up; false when it is not waiting for a result any more. */
export async function failRequest(session: SqlSession, { id, incidentId }: RequestRef): Promise<boolean> {
  await session.query('select 1 from incidents where id = $1 for no key update', [incidentId]);
  const rows = await session.query(
    `update analysis_requests set state = 'failed' where id = $1 and state in ('frozen', 'published') returning id`,
    [id],
  );
  return rows.length > 0;
}

const countsOfRequest = [
  'evidenceOmitted',
  'failureCount',
  'traceCount',
  'firstSeenAt',
  'lastSeenAt',
] as const;
type CountOfRequest = (typeof countsOfRequest)[number];

/** `bigint` arrives as text. */
interface FreezeRow
  extends Omit<AnalysisRequested, 'severity' | 'reason' | CountOfRequest>, Record<CountOfRequest, string> {
  readonly status: string;
  readonly severity: Severity;
  readonly reason: AnalysisReason;
}

/** The incident first, then its request: the order in which everybody locks them. */
async function lockForFreeze(
  session: SqlSession,
  { id, incidentId }: RequestRef,
): Promise<FreezeRow | undefined> {
  const [incident] = await session.query<FreezeRow>(
    `select environment, title, severity, status, services, releases, fingerprint,
      fingerprint_parts as "fingerprintParts", signature, suspects, evidence, evidence_omitted as "evidenceOmitted",
      failure_count as "failureCount", trace_count as "traceCount",
      ${toMicros('first_seen_at')} as "firstSeenAt", ${toMicros('last_seen_at')} as "lastSeenAt"
    from incidents where id = $1 for no key update skip locked`,
    [incidentId],
  );
  const [request] = await session.query<{ reason: AnalysisReason; number: string }>(
    `select reason, number from analysis_requests where id = $1 and state = 'pending' for update skip locked`,
    [id],
  );
  if (!incident || !request) return undefined;
  return { ...incident, reason: request.reason, requestNumber: Number(request.number) };
}

async function readSpent(
  session: SqlSession,
  now: number,
): Promise<{ spentDay: string; spentDollars: number }> {
  const spentDay = new Date(now / 1000).toISOString().slice(0, 10);
  const [row] = await session.query<{ dollars: number }>(
    `select coalesce(sum(dollars), 0) as dollars from analysis_results
    where created_at >= $1::date::timestamp at time zone 'UTC'
      and created_at < ($1::date + 1)::timestamp at time zone 'UTC'`,
    [spentDay],
  );
  return { spentDay, spentDollars: row?.dollars ?? 0 };
}

function toPayload(
  { id, incidentId }: RequestRef,
  incident: FreezeRow,
  { now, spentDay, spentDollars }: { now: number; spentDay: string; spentDollars: number },
): AnalysisRequested {
  const { status: _status, ...row } = incident;
  return {
    ...row,
    ...(Object.fromEntries(countsOfRequest.map((name) => [name, Number(row[name])])) as Record<
      CountOfRequest,
      number
    >),
    requestId: id,
    incidentId,
    requestedAt: now,
    spentDay,
    spentDollars,
  };
}
