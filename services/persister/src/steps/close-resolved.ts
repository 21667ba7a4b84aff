import { fromMicros, type Database } from '@prodsentinel/database';
import { appendEvents } from '../adapters/events.ts';

/**
 * Closes incidents that were resolved long enough ago. What they are closed *as of* is the moment of their resolution
 * (and the grace after it), by which lateness is judged: a failure received later, however late it is read, opens a
 * successor instead of vanishing in a closed incident. One process at a time; the others skip.
 *
 * @returns how many were closed
 */
export async function closeResolved(
  database: Database,
  /** All in microseconds; `now` since 1970. */
  { now, closeAfter, regressionGrace }: { now: number; closeAfter: number; regressionGrace: number },
): Promise<number> {
  return database.transaction(async (session) => {
    const [lock] = await session.query<{ taken: boolean }>(
      'select pg_try_advisory_xact_lock(7229480111304023) as taken',
    );
    if (!lock?.taken) return 0;
    const closed = await session.query<{ id: string }>(
      `update incidents set status = 'closed', closed_at = resolved_at + $2::int8 * interval '1 microsecond',
        updated_at = ${fromMicros('$3::int8')}
      where id in (
        select id from incidents where status = 'resolved' and resolved_at <= ${fromMicros('$1::int8')}
        order by id limit 100 for no key update skip locked
      )
      returning id`,
      [now - closeAfter, regressionGrace, now],
    );
    await appendEvents(
      session,
      closed.map(({ id }) => ({
        incidentId: id,
        kind: 'status_changed' as const,
        actor: 'persister' as const,
        reason: 'resolved long enough ago',
        detail: { from: 'resolved', to: 'closed' },
      })),
      now,
    );
    return closed.length;
  });
}
