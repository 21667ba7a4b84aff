import { defineEntity, p } from '@mikro-orm/core';
import { analysisReasons, type AnalysisRequested } from '@prodsentinel/contracts';
import { requestStates } from '../closed-sets.ts';

/** One question to diagnose: the outbox of `analysis-requests`. */
export const AnalysisRequest = defineEntity({
  name: 'AnalysisRequest',
  tableName: 'analysis_requests',
  properties: {
    id: p.uuid().primary(),
    incidentId: p.uuid(),
    /** 1, 2, 3 … within the incident. */
    number: p.bigint('number'),
    reason: p.enum([...analysisReasons.values]),
    state: p.enum([...requestStates]),
    dueAt: p.datetime(),
    /** Absent while pending. */
    payload: p.json<AnalysisRequested>().nullable(),
    askedTemplates: p.bigint('number').nullable(),
    askedReleases: p.bigint('number').nullable(),
    askedFailures: p.bigint('number').nullable(),
    frozenAt: p.datetime().nullable(),
    publishedAt: p.datetime().nullable(),
    publishCount: p.integer(),
    createdAt: p.datetime(),
  },
});
