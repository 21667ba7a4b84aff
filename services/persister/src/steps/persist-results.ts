import { fromMicros, type SqlSession } from '@prodsentinel/database';
import { appendEvents } from '../adapters/events.ts';
import { lockIncidents } from '../adapters/incidents.ts';
import { readHistories, saveRequests } from '../adapters/requests.ts';
import { findRequests, readResultKeys, storeResults, type AnsweredRequest } from '../adapters/results.ts';
import { currentOf, decideResults } from '../domain/decide-results.ts';
import type { Incident } from '../domain/incident.ts';
import type { Result } from '../domain/result.ts';

/** What a result turned out to be: stored (or known already), or an answer to nothing that was asked. */
export type ResultFate = 'stored' | 'unknown_request' | 'wrong_incident';

/**
 * Stores results in order, inside the caller's transaction: each (request, source) once. A closed incident keeps its
 * severity and current analysis.
 */
export async function persistResults(
  session: SqlSession,
  results: readonly Result[],
  context: { readonly now: number; readonly newId: () => string },
): Promise<ResultFate[]> {
  const requests = await findRequests(
    session,
    results.map(({ requestId }) => requestId),
  );
  const fates = results.map(({ requestId, incidentId }): ResultFate => {
    const request = requests.get(requestId);
    if (!request) return 'unknown_request';
    return request.incidentId === incidentId ? 'stored' : 'wrong_incident';
  });
  const answers = results.flatMap((result, index): AnsweredRequest[] => {
    const request = requests.get(result.requestId);
    return request && fates[index] === 'stored' ? [{ result, request }] : [];
  });
  if (answers.length === 0) return fates;
  const incidents = await lockIncidents(
    session,
    answers.map(({ request }) => request.incidentId),
  );
  const known = { incidents, requests: await readHistories(session, [...incidents.keys()]) };
  const stored = await storeResults(session, answers, context);
  const decisions = decideResults(stored, known, context);
  await saveAnalysed(session, incidents, { ...context, severities: decisions.severities });
  await saveRequests(session, decisions.requests, context.now);
  await appendEvents(session, decisions.events, context.now);
  return fates;
}

async function saveAnalysed(
  session: SqlSession,
  incidents: ReadonlyMap<string, Incident>,
  { severities, now }: { severities: ReadonlyMap<string, string>; now: number },
): Promise<void> {
  const ids = [...incidents.values()].filter(({ status }) => status !== 'closed').map(({ id }) => id);
  const keys = await readResultKeys(session, ids);
  const rows = ids.map((id) => ({
    id,
    currentId: currentOf(keys.get(id) ?? [])?.id ?? null,
    severity: severities.get(id) ?? null,
  }));
  await session.query(
    `update incidents stored set current_analysis_id = given."currentId",
      severity = coalesce(given.severity, stored.severity), updated_at = ${fromMicros('$2::int8')}
    from json_to_recordset($1::json) as given(id uuid, "currentId" uuid, severity text)
    where stored.id = given.id and (stored.current_analysis_id is distinct from given."currentId"
      or given.severity is not null)`,
    [JSON.stringify(rows), now],
  );
}
