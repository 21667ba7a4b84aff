import { defineEntity, p } from '@mikro-orm/core';
import { incidentEventKinds } from '../closed-sets.ts';

/** What happened to an incident, in order of the id. */
export const IncidentEvent = defineEntity({
  name: 'IncidentEvent',
  tableName: 'incident_events',
  properties: {
    id: p.bigint('number').primary(),
    incidentId: p.uuid(),
    kind: p.enum([...incidentEventKinds]),
    /** persister, analyzer, or a person's name. */
    actor: p.text(),
    reason: p.text(),
    detail: p.json<Record<string, unknown>>(),
    at: p.datetime(),
  },
});
