import { defineEntity, p } from '@mikro-orm/core';
import {
  analysisSources,
  severities,
  verdicts,
  type Claim,
  type EvidenceSignal,
  type RejectedAlternative,
  type TimelineEntry,
} from '@prodsentinel/contracts';

/** One answer to one request: readable without Kafka. */
export const AnalysisResult = defineEntity({
  name: 'AnalysisResult',
  tableName: 'analysis_results',
  properties: {
    id: p.uuid().primary(),
    requestId: p.uuid(),
    incidentId: p.uuid(),
    requestNumber: p.bigint('number'),
    source: p.enum([...analysisSources.values]),
    verdict: p.enum([...verdicts.values]),
    severity: p.enum([...severities.values]),
    rootCause: p.text(),
    category: p.text(),
    suspectedService: p.text().nullable(),
    /** Between 0 and 1, computed from the surviving evidence. */
    confidence: p.double(),
    /** What the model said of itself. */
    modelConfidence: p.double().nullable(),
    claims: p.json<Claim[]>(),
    claimsDropped: p.bigint('number'),
    rejectedAlternatives: p.json<RejectedAlternative[]>(),
    evidence: p.json<EvidenceSignal[]>(),
    timeline: p.json<TimelineEntry[]>(),
    actions: p.json<string[]>(),
    model: p.text().nullable(),
    promptVersion: p.text().nullable(),
    inputTokens: p.bigint('number').nullable(),
    outputTokens: p.bigint('number').nullable(),
    dollars: p.double().nullable(),
    latencyMs: p.bigint('number').nullable(),
    modelCalls: p.bigint('number'),
    askAgainAt: p.datetime().nullable(),
    /** Why the rules answered and no model. */
    withoutModel: p.text().nullable(),
    contentSha256: p.text(),
    createdAt: p.datetime(),
  },
});
