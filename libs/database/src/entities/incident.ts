import { defineEntity, p } from '@mikro-orm/core';
import {
  incidentStatuses,
  severities,
  type EvidenceSignal,
  type FingerprintPart,
  type Suspect,
  type TemplateCount,
} from '@prodsentinel/contracts';

/** One problem in one environment, from its first failure until it is closed. Times of failures are Kafka's append times. */
export const Incident = defineEntity({
  name: 'Incident',
  tableName: 'incidents',
  properties: {
    id: p.uuid().primary(),
    environment: p.text(),
    title: p.text(),
    severity: p.enum([...severities.values]),
    /** The deterministic part of the severity: a model may raise the incident one step above it. */
    observedSeverity: p.enum([...severities.values]),
    status: p.enum([...incidentStatuses.values]),
    services: p.array(),
    /** As service@release. */
    releases: p.array(),
    signature: p.json<TemplateCount[]>(),
    /** Empty on an overflow incident. */
    fingerprint: p.text(),
    fingerprintParts: p.json<FingerprintPart[]>(),
    suspects: p.json<Suspect[]>(),
    evidence: p.json<EvidenceSignal[]>(),
    evidenceOmitted: p.bigint('number'),
    exemplarSeverity: p.enum([...severities.values]),
    exemplarTemplates: p.bigint('number'),
    failureCount: p.bigint('number'),
    traceCount: p.bigint('number'),
    firstSeenAt: p.datetime(),
    lastSeenAt: p.datetime(),
    resolvedAt: p.datetime().nullable(),
    closedAt: p.datetime().nullable(),
    currentAnalysisId: p.uuid().nullable(),
    succeedsId: p.uuid().nullable(),
    originService: p.text(),
    openedHour: p.bigint('number'),
    /** Stands for all problems of one service and hour beyond the cap on new incidents. */
    isOverflow: p.boolean(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
});
