import { fromMicros, type IncidentEventKind, type SqlSession } from '@prodsentinel/database';
import type { IncidentEventDraft } from '../domain/incident-event.ts';

/** Appends what happened, in order. `now` in microseconds since 1970. */
export async function appendEvents(
  session: SqlSession,
  events: readonly IncidentEventDraft[],
  now: number,
): Promise<void> {
  if (events.length === 0) return;
  await session.query(
    `insert into incident_events (incident_id, kind, actor, reason, detail, at)
    select "incidentId", kind, actor, reason, detail, ${fromMicros('$2::int8')}
    from rows from (json_to_recordset($1::json) as ("incidentId" uuid, kind text, actor text, reason text, detail jsonb))
      with ordinality as given("incidentId", kind, actor, reason, detail, place)
    order by place`,
    [JSON.stringify(events.map((each) => ({ ...each, kind: each.kind satisfies IncidentEventKind }))), now],
  );
}
