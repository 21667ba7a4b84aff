import { defineEntity, p } from '@mikro-orm/core';

/** A trace with at least one failure, as far as one incident holds it. */
export const Trace = defineEntity({
  name: 'Trace',
  tableName: 'traces',
  properties: {
    traceId: p.text().primary(),
    environment: p.text().primary(),
    incidentId: p.uuid().primary(),
    firstSeenAt: p.datetime(),
    lastSeenAt: p.datetime(),
    failureCount: p.bigint('number'),
  },
});
