import type { SaidByModel } from '../domain/diagnose/diagnose-by-model.ts';
import type { ModelAnswer } from './model-answer.ts';

/** The wire's names in ours. */
export function toSaid(answer: ModelAnswer): SaidByModel {
  return {
    rootCause: answer.root_cause,
    category: answer.category,
    suspectedService: answer.suspected_service,
    severity: answer.severity,
    verdict: answer.verdict,
    confidence: answer.confidence,
    claims: answer.claims.map(({ text, evidence_ids, quotes }) => ({
      text,
      evidenceIds: evidence_ids,
      quotes,
    })),
    rejectedAlternatives: answer.rejected_alternatives,
    timeline: answer.timeline.map(({ evidence_id, what }) => ({ evidenceId: evidence_id, what })),
    actions: answer.actions,
  };
}
