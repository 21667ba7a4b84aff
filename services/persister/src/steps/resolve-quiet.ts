import { fromMicros, type Database } from '@prodsentinel/database';
import { appendEvents } from '../adapters/events.ts';

/**
 * Resolves incidents that were quiet long enough. `watermark` is the moment up to which every failure has surely been
 * counted: a backlog holds it back, and with it every resolution. They are resolved *as of* the end of their quiet time,
 * by Kafka's clock, whenever that is noticed: by it later failures are judged. Any number of processes may do it at once.
 *
 * @returns how many were resolved, at most 100
 */
export async function resolveQuiet(
  database: Database,
  /** All in microseconds; `watermark` and `now` since 1970. */
  { watermark, quietTime, now }: { watermark: number; quietTime: number; now: number },
): Promise<number> {
  return database.transaction(async (session) => {
    const resolved = await session.query<{ id: string; from: string }>(
      `with quiet as (
        select id, status from incidents
        where status in ('open', 'investigating') and last_seen_at <= ${fromMicros('$1::int8')}
        order by last_seen_at limit 100 for no key update skip locked
      )
      update incidents incident set status = 'resolved', updated_at = ${fromMicros('$3::int8')},
        resolved_at = last_seen_at + $2::int8 * interval '1 microsecond'
      from quiet where incident.id = quiet.id returning incident.id, quiet.status as "from"`,
      [watermark - quietTime, quietTime, now],
    );
    await appendEvents(
      session,
      resolved.map(({ id, from }) => ({
        incidentId: id,
        kind: 'status_changed' as const,
        actor: 'persister' as const,
        reason: 'quiet long enough',
        detail: { from, to: 'resolved', quietMs: quietTime / 1000 },
      })),
      now,
    );
    return resolved.length;
  });
}
