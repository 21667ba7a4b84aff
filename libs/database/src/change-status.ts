import type { IncidentStatus } from '@prodsentinel/contracts';
import { AppError } from '@prodsentinel/kernel';
import type { Database } from './open-database.ts';
import type { SqlSession } from './sql-session.ts';

export interface StatusChange {
  readonly id: string;
  readonly to: 'investigating' | 'resolved' | 'closed';
  /** The person who wants it. */
  readonly actor: string;
  readonly reason?: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/**
 * A person acknowledges (`investigating`), resolves or closes an incident; the event says who and why.
 *
 * @throws AppError `invalid_input` when there is no such incident, `conflict` when its status forbids the step
 */
export async function changeIncidentStatus(database: Database, change: StatusChange): Promise<void> {
  await database.transaction(async (session) => {
    const from = await lockStatus(session, change.id);
    if (!allowed[change.to].includes(from))
      throw new AppError('conflict', `incident ${change.id} is ${from}: it cannot become ${change.to}`);
    const at = new Date(change.nowMs).toISOString();
    await session.query(
      `update incidents set status = $2, updated_at = $3,
        resolved_at = case when $2 = 'resolved' then $3::timestamptz else resolved_at end,
        closed_at = case when $2 = 'closed' then $3::timestamptz else closed_at end
      where id = $1`,
      [change.id, change.to, at],
    );
    await session.query(
      `insert into incident_events (incident_id, kind, actor, reason, detail, at)
      values ($1, 'status_changed', $2, $3, jsonb_build_object('from', $4::text, 'to', $5::text), $6)`,
      [change.id, change.actor, change.reason ?? '', from, change.to, at],
    );
  });
}

/** From which statuses a step leads. */
const allowed: Record<StatusChange['to'], readonly IncidentStatus[]> = {
  investigating: ['open'],
  resolved: ['open', 'investigating'],
  closed: ['open', 'investigating', 'resolved'],
};

/** Locks an incident and answers its status. */
export async function lockStatus(session: SqlSession, id: string): Promise<IncidentStatus> {
  const rows = /^[\da-f-]{36}$/i.test(id)
    ? await session.query<{ status: IncidentStatus }>(
        'select status from incidents where id = $1 for no key update',
        [id],
      )
    : [];
  const [row] = rows;
  if (!row) throw new AppError('invalid_input', `there is no incident ${id}`, { path: 'id' });
  return row.status;
}
