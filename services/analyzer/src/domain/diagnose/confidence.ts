import type { Verdict } from '@prodsentinel/contracts';

/** What the confidence of an analysis is made of; every number from 0 to 1. */
export interface Support {
  verdict: Verdict;
  /** How rarely the words that were found mean anything else. */
  specificity: number;
  /** Whether it is what the ranking of suspects points at. */
  suspectMatch: number;
  /** Share of the failures that show it. */
  coverage: number;
  /** How many services say the same. */
  servicesAgreeing: number;
  /** Share of the claims that survived grounding. */
  claimsSurvived: number;
}

/**
 * Confidence from 0 to 1, two decimals, from the evidence alone:
 *
 *     specificity × (0.45 + 0.25 suspectMatch + 0.20 coverage + 0.10 agreement) × claimsSurvived
 *
 * where agreement is 0 for one service, 0.5 for two and 1 for more. At most 0.95, because rules read words and not
 * systems; at most 0.3 when inconclusive. The weights are chosen, not fitted: they say that the words matter most, then
 * where they were found, then how much they explain.
 */
export function confidenceOf(support: Support): number {
  const agreement = Math.min(1, Math.max(0, support.servicesAgreeing - 1) / 2);
  const place = 0.45 + 0.25 * support.suspectMatch + 0.2 * support.coverage + 0.1 * agreement;
  const most = support.verdict === 'inconclusive' ? 0.3 : 0.95;
  const confidence = Math.min(most, support.specificity * place * support.claimsSurvived);
  return Math.round(confidence * 100) / 100;
}
