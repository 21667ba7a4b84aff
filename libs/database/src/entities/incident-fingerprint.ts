import { defineEntity, p } from '@mikro-orm/core';

/** To which incident a fingerprint leads now. */
export const IncidentFingerprint = defineEntity({
  name: 'IncidentFingerprint',
  tableName: 'incident_fingerprints',
  properties: {
    environment: p.text().primary(),
    /** Version of the fingerprint algorithm. */
    version: p.integer().primary(),
    fingerprint: p.text().primary(),
    incidentId: p.uuid(),
  },
});
