import {
  severities,
  worseSeverity,
  type AnalysisCompleted,
  type AnalysisRequested,
  type Claim,
  type Severity,
  type Verdict,
} from '@prodsentinel/contracts';
import { groundClaims } from './ground-claims.ts';
import { limits } from './limits.ts';
import { plainAction, plainText } from './model-text.ts';
import { promptVersion, type Prompt } from './prompt.ts';
import type { Pseudonyms } from './pseudonyms.ts';
import { unknownCause } from './root-cause.ts';
import { timelineOf } from './timeline.ts';

/** What the model said, checked for its shape and for nothing else. */
export interface SaidByModel {
  readonly rootCause: string;
  readonly category: string;
  readonly suspectedService: string | null;
  readonly severity: Severity;
  readonly verdict: Verdict;
  readonly confidence: number;
  readonly claims: readonly Claim[];
  readonly rejectedAlternatives: readonly { readonly cause: string; readonly why: string }[];
  readonly timeline: readonly { readonly evidenceId: string; readonly what: string }[];
  readonly actions: readonly string[];
}

export interface AskedWith {
  readonly request: AnalysisRequested;
  readonly prompt: Prompt;
  readonly pseudonyms: Pseudonyms;
  /** The rules' answer to the same request: agreement counts, its actions stand in. */
  readonly byRules: AnalysisCompleted;
}

/**
 * Makes an analysis of what a model said, believing only what the evidence bears out. A claim survives when every id was
 * sent and every quote is an exact part of what was sent, pseudonyms and all; without one the verdict is `inconclusive`
 * and the sentence is ours. The severity rises by one step at most and never falls; services are known ones; actions are
 * sentences; nothing else of the model gets in.
 */
export function diagnoseByModel(said: SaidByModel, asked: AskedWith): AnalysisCompleted {
  const { request, pseudonyms, byRules } = asked;
  const grounded = ground(said.claims, asked);
  const isGrounded = grounded.claims.length > 0;
  const reveal = (text: string, most: number) => plainText(pseudonyms.reveal(text), most);
  const rootCause = reveal(said.rootCause, limits.rootCauseCharacters);
  const citedSignals = grounded.cited.length;
  const isKnown = isGrounded && rootCause !== '';
  const verdict = isKnown ? verdictOf(said.verdict, grounded.dropped, citedSignals) : 'inconclusive';
  const suspectedService = knownService(said.suspectedService, request);
  const actions = isKnown
    ? said.actions.slice(0, 10).flatMap((each) => plainAction(pseudonyms.reveal(each)) ?? [])
    : [];
  return {
    ...byRules,
    source: 'model',
    verdict,
    rootCause: isKnown ? rootCause : unknownCause(request),
    category: isKnown && /^[a-z][a-z0-9_]{0,49}$/.test(said.category) ? said.category : 'unknown',
    suspectedService,
    severity: isKnown ? raisedAtMostOnce(request.severity, said.severity) : severities.read(request.severity),
    confidence: confidenceIn({
      verdict,
      survived: grounded.claims.length / Math.max(1, said.claims.length),
      citedSignals,
      isSuspect: suspectedService !== null && suspectedService === request.suspects[0]?.service,
      isRules: suspectedService !== null && suspectedService === byRules.suspectedService,
      isAttacked: request.evidence.some(({ message, stack }) => isInstruction(`${message}\n${stack ?? ''}`)),
    }),
    modelConfidence: Number.isFinite(said.confidence) ? Math.min(1, Math.max(0, said.confidence)) : null,
    claims: grounded.claims.map((claim) => ({
      ...claim,
      text: plainText(claim.text, limits.claimCharacters),
    })),
    claimsDropped: grounded.dropped,
    evidence: grounded.cited,
    rejectedAlternatives: said.rejectedAlternatives
      .slice(0, limits.rejectedAlternatives)
      .flatMap(({ cause, why }) => {
        const plain = { cause: reveal(cause, 300), why: reveal(why, 300) };
        return plain.cause === '' || plain.why === '' ? [] : [plain];
      }),
    timeline: timelineOf(request, grounded.cited.length > 0 ? grounded.cited : request.evidence),
    actions: actions.length > 0 ? actions : byRules.actions,
    promptVersion,
    askAgainAt: null,
    withoutModel: null,
  };
}

/** First against what was sent, then, with the identities put back, against what the reader will see. */
function ground(claims: readonly Claim[], { prompt, pseudonyms }: AskedWith) {
  const sent = groundClaims(
    claims,
    [...prompt.sent.values()].map(({ shown }) => shown),
  );
  const restored = sent.claims
    .map(({ text, evidenceIds, quotes }) => ({
      text: pseudonyms.reveal(text),
      evidenceIds: evidenceIds.map((id) => prompt.sent.get(id)?.original.evidenceId ?? ''),
      quotes: quotes.map((quote) => pseudonyms.reveal(quote)),
    }))
    .filter(({ text }) => plainText(text, limits.claimCharacters) !== '');
  const originals = [...prompt.sent.values()].map(({ original }) => original);
  const shown = groundClaims(restored, originals);
  return { ...shown, dropped: claims.length - shown.claims.length };
}

function verdictOf(said: Verdict, dropped: number, citedSignals: number): Verdict {
  return said === 'confirmed' && (dropped > 0 || citedSignals < 2) ? 'likely' : said;
}

function knownService(
  said: string | null,
  { services, suspects, evidence }: AnalysisRequested,
): string | null {
  const known = [...services, ...[...suspects, ...evidence].map(({ service }) => service)];
  return said !== null && known.includes(said) ? said : null;
}

function raisedAtMostOnce(floor: string, said: Severity): Severity {
  const lowest = severities.read(floor);
  const highest = severities.values[severities.values.indexOf(lowest) + 1] ?? lowest;
  const raised = worseSeverity(lowest, said);
  return worseSeverity(raised, highest) === raised ? highest : raised;
}

/**
 * 0.35 for an answer that cites anything, more for each of up to three signals, for agreement with the first suspect and
 * with the rules; times the share of claims that survived; less when the evidence speaks to the model. The weights are
 * chosen, not fitted. At most 0.95, and 0.3 when inconclusive.
 */
function confidenceIn(support: {
  verdict: Verdict;
  survived: number;
  citedSignals: number;
  isSuspect: boolean;
  isRules: boolean;
  isAttacked: boolean;
}): number {
  const { verdict, survived, citedSignals, isSuspect, isRules, isAttacked } = support;
  const place = 0.35 + 0.1 * Math.min(3, citedSignals) + (isSuspect ? 0.15 : 0) + (isRules ? 0.15 : 0);
  const most = verdict === 'inconclusive' ? 0.3 : 0.95;
  return Math.round(Math.min(most, place * survived * (isAttacked ? 0.7 : 1)) * 100) / 100;
}

function isInstruction(text: string): boolean {
  return /\b(?:ignore|disregard|forget)\b.{0,40}\b(?:instruction|prompt|above|previous)|\b(?:system prompt|you are now|as an ai)\b/i.test(
    text,
  );
}
