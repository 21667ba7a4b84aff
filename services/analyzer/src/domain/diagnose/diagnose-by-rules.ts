import { severities, type AnalysisCompleted, type AnalysisRequested } from '@prodsentinel/contracts';
import { candidatesOf, isConsequenceOf, type Candidate } from './candidates.ts';
import { chooseCause, verdictOn } from './choose-cause.ts';
import { claimsFor, claimThatItFailed } from './claims.ts';
import { confidenceOf } from './confidence.ts';
import { knownServices } from './dependency.ts';
import { releasesOf } from './facts-in-words.ts';
import { findingsIn } from './findings.ts';
import { groundClaims } from './ground-claims.ts';
import { limits } from './limits.ts';
import { actionsWhenUnknown, compareReleases } from './patterns/library.ts';
import { rejectedAlternativesOf } from './rejected-alternatives.ts';
import { rootCauseOf, unknownCause } from './root-cause.ts';
import { capEvidence } from './telling-lines.ts';
import { timelineOf } from './timeline.ts';

/**
 * A root-cause analysis without a model: known failure patterns, looked for in the evidence, ranked by how specific
 * they are, by the request's suspects and by the share of failures that show them.
 *
 * Pure: the same request gives the same answer, byte for byte. It cannot fail: with nothing to go by the verdict is
 * `inconclusive`. The severity is the request's own, the actions are constants of ours, and no text from a log can
 * change either. `askAgainAt` is left open for the caller, who knows whether a model was only away.
 */
export function diagnoseByRules(request: AnalysisRequested): AnalysisCompleted {
  const bounded = withinLimits(request);
  const candidates = candidatesOf(bounded, findingsIn(bounded.evidence, servicesOf(bounded)));
  const chosen = chooseCause(candidates);
  return chosen === undefined ? explainNothing(bounded) : explain(bounded, chosen, candidates);
}

function explain(
  request: AnalysisRequested,
  chosen: Candidate,
  candidates: readonly Candidate[],
): AnalysisCompleted {
  const claims = claimsFor(chosen, candidates);
  const grounded = groundClaims(claims, request.evidence);
  const isGrounded = grounded.claims.length > 0;
  const verdict = isGrounded ? verdictOn(chosen, candidates, request) : 'inconclusive';
  const { pattern, suspectMatch, coverage, reporters } = chosen;
  const consequences = candidates
    .filter((each) => isConsequenceOf(each, chosen))
    .flatMap((each) => each.reporters);
  const affected = [...new Set(consequences)].filter((service) => !reporters.includes(service));
  return {
    ...answerTo(request),
    verdict,
    rootCause: rootCauseOf(chosen, verdict, request, affected),
    category: pattern.category,
    suspectedService: chosen.suspectedService || null,
    confidence: confidenceOf({
      verdict,
      specificity: pattern.specificity,
      suspectMatch,
      coverage,
      servicesAgreeing: reporters.length + affected.length,
      claimsSurvived: isGrounded ? grounded.claims.length / claims.length : 0,
    }),
    claims: grounded.claims,
    claimsDropped: grounded.dropped,
    rejectedAlternatives: rejectedAlternativesOf(chosen, candidates, request.suspects[0]),
    evidence: grounded.cited,
    actions: actionsFor(chosen, request),
  };
}

function explainNothing(request: AnalysisRequested): AnalysisCompleted {
  const [primary] = request.evidence;
  const claims = primary === undefined ? [] : [claimThatItFailed(primary)];
  const grounded = groundClaims(claims, request.evidence);
  const suspected = request.suspects[0]?.service ?? primary?.service ?? '';
  return {
    ...answerTo(request),
    verdict: 'inconclusive',
    rootCause: unknownCause(request),
    category: 'unknown',
    suspectedService: suspected || null,
    confidence: 0,
    claims: grounded.claims,
    claimsDropped: grounded.dropped,
    rejectedAlternatives: [],
    evidence: grounded.cited,
    actions: [...actionsWhenUnknown],
  };
}

function actionsFor({ pattern, reporters }: Candidate, request: AnalysisRequested): string[] {
  const isOneRelease = releasesOf(request, reporters).length === 1;
  return pattern.isReleaseProne && isOneRelease
    ? [compareReleases, ...pattern.actions]
    : [...pattern.actions];
}

type Finding = 'verdict' | 'rootCause' | 'category' | 'suspectedService' | 'confidence' | 'actions';
type Shown = 'claims' | 'claimsDropped' | 'rejectedAlternatives' | 'evidence';

/** What every answer of the rules has in common. */
function answerTo(request: AnalysisRequested): Omit<AnalysisCompleted, Finding | Shown> {
  return {
    requestId: request.requestId,
    incidentId: request.incidentId,
    requestNumber: request.requestNumber,
    source: 'rules',
    severity: severities.read(request.severity),
    timeline: timelineOf(request, request.evidence),
    modelConfidence: null,
    model: null,
    promptVersion: null,
    inputTokens: null,
    outputTokens: null,
    dollars: null,
    latencyMs: null,
    modelCalls: 0,
    askAgainAt: null,
    withoutModel: null,
  };
}

function withinLimits(request: AnalysisRequested): AnalysisRequested {
  return {
    ...request,
    services: request.services.slice(0, limits.services),
    releases: request.releases.slice(0, limits.releases),
    signature: request.signature.slice(0, limits.templates),
    suspects: request.suspects.toSorted((a, b) => b.score - a.score).slice(0, limits.suspects),
    evidence: request.evidence.slice(0, limits.evidenceRead).map(capEvidence),
  };
}

function servicesOf({ services, suspects, evidence, signature }: AnalysisRequested) {
  const seen = [...suspects, ...evidence, ...signature].map(({ service }) => service);
  return knownServices([...services, ...seen]);
}
