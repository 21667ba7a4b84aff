import { AppError } from '@prodsentinel/kernel';
import { lockStatus } from './change-status.ts';
import type { Database } from './open-database.ts';

/**
 * A person asks for an analysis: due now. The incident's unpublished request is taken when there is one.
 *
 * @returns the id of the request
 * @throws AppError `invalid_input` when there is no such incident, `conflict` when it is closed
 */
export async function askForAnalysis(
  database: Database,
  {
    id,
    actor,
    nowMs,
    newId,
  }: { readonly id: string; readonly actor: string; readonly nowMs: number; readonly newId: () => string },
): Promise<string> {
  return database.transaction(async (session) => {
    if ((await lockStatus(session, id)) === 'closed')
      throw new AppError('conflict', `incident ${id} is closed: it is not analysed any more`);
    const at = new Date(nowMs).toISOString();
    const [refreshed] = await session.query<{ id: string; number: string }>(
      `update analysis_requests set reason = 'human', due_at = least(due_at, $2)
      where incident_id = $1 and state = 'pending' returning id, number`,
      [id, at],
    );
    const [request = refreshed] = refreshed
      ? []
      : await session.query<{ id: string; number: string }>(
          `insert into analysis_requests (id, incident_id, number, reason, state, due_at, publish_count, created_at)
          select $1, $2, coalesce(max(number), 0) + 1, 'human', 'pending', $3, 0, $3
          from analysis_requests where incident_id = $2 returning id, number`,
          [newId(), id, at],
        );
    if (!request) throw new AppError('bug', 'the request was neither refreshed nor inserted');
    await session.query(
      `insert into incident_events (incident_id, kind, actor, reason, detail, at)
      values ($1, 'analysis_requested', $2, 'human', jsonb_build_object('number', $3::int8), $4)`,
      [id, actor, request.number, at],
    );
    return request.id;
  });
}
