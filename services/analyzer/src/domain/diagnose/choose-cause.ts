import type { AnalysisRequested, Verdict } from '@prodsentinel/contracts';
import { scoreOf, type Candidate } from './candidates.ts';

/**
 * The candidate to name. The best one, unless it only says that something failed: then the best real cause found
 * anywhere in the evidence goes before it, because the vague message is likely its consequence.
 *
 * @param candidates the best first
 */
export function chooseCause(candidates: readonly Candidate[]): Candidate | undefined {
  const [best] = candidates;
  if (!best || best.pattern.role === 'cause') return best;
  const causes = candidates.filter(
    ({ pattern }) => pattern.role === 'cause' && pattern.specificity >= specific,
  );
  return causes.toSorted((a, b) => scoreOf(b) - scoreOf(a))[0] ?? best;
}

/**
 * How sure the rules may be of a candidate:
 *
 * - `confirmed` only when a line proves it by itself (a certificate's end date before the time of the failure)
 * - `likely` for a cause at the place the suspects point at, or where that place shows nothing but a consequence; for a
 *   symptom only when it names what is broken
 * - `inconclusive` otherwise
 */
export function verdictOn(
  candidate: Candidate,
  all: readonly Candidate[],
  request: AnalysisRequested,
): Verdict {
  const { pattern, suspectMatch, dependency, findings } = candidate;
  if (pattern.role === 'vague') return 'inconclusive';
  const isAtSuspect = suspectMatch >= 0.6;
  if (pattern.role === 'symptom') return isAtSuspect && dependency !== undefined ? 'likely' : 'inconclusive';
  if (
    findings.some(
      ({ line, signal }) => pattern.proves?.(line.toLowerCase(), toMs(signal.occurredAt)) === true,
    )
  ) {
    return isAtSuspect ? 'confirmed' : 'likely';
  }
  return isAtSuspect || suspectShowsOnlyConsequences(all, request) ? 'likely' : 'inconclusive';
}

/** From here on a pattern's words hardly ever mean another cause. */
const specific = 0.7;

function suspectShowsOnlyConsequences(
  all: readonly Candidate[],
  { suspects, evidence }: AnalysisRequested,
): boolean {
  const service = suspects[0]?.service ?? evidence[0]?.service;
  const ofSuspect = all.filter((each) => service !== undefined && each.reporters.includes(service));
  return ofSuspect.length > 0 && ofSuspect.every((each) => each.pattern.role !== 'cause' || each.explainedBy);
}

function toMs(micros: number | null): number | undefined {
  return micros === null ? undefined : micros / 1000;
}
