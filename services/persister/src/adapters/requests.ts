import type { AnalysisReason } from '@prodsentinel/contracts';
import { fromMicros, toMicros, type SqlSession } from '@prodsentinel/database';
import { noRequests, type RequestChange, type RequestHistory } from '../domain/decide-analysis.ts';

/** What was asked about incidents so far. The caller holds the locks of the incidents, which guard their requests. */
export async function readHistories(
  session: SqlSession,
  incidentIds: readonly string[],
): Promise<Map<string, RequestHistory>> {
  if (incidentIds.length === 0) return new Map();
  // Only the newest request can be pending: with the one before it, all that matters is there.
  const rows = await session.query<HistoryRow>(
    `select request.* from unnest($1::uuid[]) as incident(id) cross join lateral (
      select id, incident_id as "incidentId", number, reason, state, ${toMicros('due_at')} as "dueAt",
        asked_templates as templates, asked_releases as releases, asked_failures as failures,
        ${toMicros('frozen_at')} as "frozenAt"
      from analysis_requests where incident_id = incident.id order by number desc limit 2
    ) as request order by request."incidentId", request.number`,
    [[...new Set(incidentIds)]],
  );
  const histories = new Map<string, RequestHistory>();
  for (const row of rows)
    histories.set(row.incidentId, addRow(histories.get(row.incidentId) ?? noRequests, row));
  return histories;
}

/** Inserts new requests and changes pending ones. */
export async function saveRequests(
  session: SqlSession,
  changes: readonly RequestChange[],
  now: number,
): Promise<void> {
  if (changes.length === 0) return;
  await session.query(
    `insert into analysis_requests (id, incident_id, number, reason, state, due_at, publish_count, created_at)
    select id, "incidentId", number, reason, 'pending', ${fromMicros('"dueAt"')}, 0, ${fromMicros('$2::int8')}
    from json_to_recordset($1::json) as given(
      id uuid, "incidentId" uuid, number int8, reason text, "dueAt" int8)
    order by id
    on conflict (id) do update set reason = excluded.reason, due_at = excluded.due_at`,
    [JSON.stringify(changes), now],
  );
}

interface HistoryRow {
  readonly id: string;
  readonly incidentId: string;
  readonly number: string;
  readonly reason: AnalysisReason;
  readonly state: string;
  readonly dueAt: string;
  readonly templates: string | null;
  readonly releases: string | null;
  readonly failures: string | null;
  readonly frozenAt: string | null;
}

function addRow(history: RequestHistory, row: HistoryRow): RequestHistory {
  const lastNumber = Number(row.number);
  if (row.state === 'pending')
    return { ...history, lastNumber, pending: { id: row.id, reason: row.reason, dueAt: Number(row.dueAt) } };
  // Superseded without ever having been asked: the incident was closed meanwhile.
  if (row.frozenAt === null) return { ...history, lastNumber };
  return {
    lastNumber,
    lastAsked: {
      templates: Number(row.templates),
      releases: Number(row.releases),
      failures: Number(row.failures),
      frozenAt: Number(row.frozenAt),
    },
  };
}
