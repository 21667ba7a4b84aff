import type { AnalysisSource } from '@prodsentinel/contracts';
import { fromMicros, type SqlSession } from '@prodsentinel/database';
import type { Result } from '../domain/result.ts';
import type { StoredResult } from '../domain/decide-results.ts';

export interface RequestOfResult {
  readonly id: string;
  readonly incidentId: string;
  readonly number: number;
}

/** The requests that were ever made, by id; what is no UUID was none. */
export async function findRequests(
  session: SqlSession,
  ids: readonly string[],
): Promise<Map<string, RequestOfResult>> {
  const rows = await session.query<{ id: string; incidentId: string; number: string }>(
    `select id, incident_id as "incidentId", number from analysis_requests where id = any($1::uuid[])`,
    [[...new Set(ids)].filter(isUuid)],
  );
  return new Map(rows.map((row) => [row.id, { ...row, number: Number(row.number) }]));
}

/** A result and the request it answers. */
export interface AnsweredRequest {
  readonly result: Result;
  readonly request: RequestOfResult;
}

/** Stores results, the first one of each (request, source) only, and says of each what it met. */
export async function storeResults(
  session: SqlSession,
  answers: readonly AnsweredRequest[],
  { now, newId }: { now: number; newId: () => string },
): Promise<StoredResult[]> {
  const rows = answers.map(({ result, request }) => ({
    ...result,
    id: newId(),
    incidentId: request.incidentId,
    requestNumber: request.number,
  }));
  const inserted = await session.query<{ id: string }>(insertSql, [JSON.stringify(rows), now]);
  const own = new Set(inserted.map(({ id }) => id));
  await session.query(
    `update analysis_requests set state = 'answered', payload = coalesce(payload, '{}')
    where id = any($1::uuid[]) and state <> 'answered'`,
    [rows.filter(({ id }) => own.has(id)).map(({ requestId }) => requestId)],
  );
  const known = await readContents(
    session,
    rows.map(({ requestId }) => requestId),
  );
  return rows.map(({ id, incidentId, requestNumber }, index) => {
    const result = (answers[index] as AnsweredRequest).result;
    const name = JSON.stringify([result.requestId, result.source]);
    const isKnown = known.get(name)?.has(result.contentSha256) ?? false;
    const kind = own.has(id) ? 'stored' : isKnown ? 'repeated' : 'different';
    // Two equal differences in one batch are one.
    known.get(name)?.add(result.contentSha256);
    return { result, incidentId, requestNumber, kind };
  });
}

export interface ResultKey {
  readonly id: string;
  readonly source: AnalysisSource;
  readonly requestNumber: number;
}

/** The results of incidents, by incident. */
export async function readResultKeys(
  session: SqlSession,
  incidentIds: readonly string[],
): Promise<Map<string, ResultKey[]>> {
  const rows = await session.query<{
    id: string;
    incidentId: string;
    source: AnalysisSource;
    requestNumber: string;
  }>(
    `select id, incident_id as "incidentId", source, request_number as "requestNumber"
    from analysis_results where incident_id = any($1::uuid[])`,
    [incidentIds],
  );
  return Map.groupBy(
    rows.map((row) => ({ ...row, requestNumber: Number(row.requestNumber) })),
    ({ incidentId }) => incidentId,
  );
}

/** Contents that came for the requests so far: stored, or reported as different. */
async function readContents(
  session: SqlSession,
  requestIds: readonly string[],
): Promise<Map<string, Set<string>>> {
  const rows = await session.query<{ requestId: string; source: string; sha256: string }>(
    `select request_id::text as "requestId", source, content_sha256 as sha256
    from analysis_results where request_id = any($1::uuid[])
    union all
    select event.detail->>'requestId', event.detail->>'source', event.detail->>'contentSha256'
    from incident_events event
    where event.kind = 'analysis_differs'
      and event.incident_id in (select incident_id from analysis_requests where id = any($1::uuid[]))`,
    [requestIds],
  );
  const contents = new Map<string, Set<string>>();
  for (const { requestId, source, sha256 } of rows) {
    const name = JSON.stringify([requestId, source]);
    contents.set(name, (contents.get(name) ?? new Set()).add(sha256));
  }
  return contents;
}

function isUuid(text: string): boolean {
  return /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(text);
}

const insertSql = `insert into analysis_results (
    id, request_id, incident_id, request_number, source, verdict, severity, root_cause, category, suspected_service,
    confidence, model_confidence, claims, claims_dropped, rejected_alternatives, evidence, timeline, actions, model,
    prompt_version, input_tokens, output_tokens, dollars, latency_ms, model_calls, ask_again_at, without_model,
    content_sha256, created_at)
  select id, "requestId", "incidentId", "requestNumber", source, verdict, severity, "rootCause", category,
    "suspectedService", confidence, "modelConfidence", claims, "claimsDropped", "rejectedAlternatives", evidence,
    timeline, actions, model, "promptVersion", "inputTokens", "outputTokens", dollars, "latencyMs", "modelCalls",
    ${fromMicros('"askAgainAt"')}, "withoutModel", "contentSha256", ${fromMicros('$2::int8')}
  from json_to_recordset($1::json) as given(
    id uuid, "requestId" uuid, "incidentId" uuid, "requestNumber" int8, source text, verdict text, severity text,
    "rootCause" text, category text, "suspectedService" text, confidence float8, "modelConfidence" float8, claims jsonb,
    "claimsDropped" int8, "rejectedAlternatives" jsonb, evidence jsonb, timeline jsonb, actions jsonb, model text,
    "promptVersion" text, "inputTokens" int8, "outputTokens" int8, dollars float8, "latencyMs" int8,
    "modelCalls" int8, "askAgainAt" int8, "withoutModel" text, "contentSha256" text)
  on conflict (request_id, source) do nothing
  returning id`;
