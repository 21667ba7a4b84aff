import type { Claim, EvidenceSignal } from '@prodsentinel/contracts';
import { cut } from './bounded-text.ts';
import { limits } from './limits.ts';

/** Claims that their evidence bears out. */
export interface GroundedClaims {
  /** Those whose every evidence id and every quote was really there, shortened to the limits. */
  claims: Claim[];
  /** How many were not kept. */
  dropped: number;
  /** The signals that the kept claims cite, in the order of the evidence. */
  cited: EvidenceSignal[];
}

/**
 * Keeps the claims that cite what was really shown. A claim is dropped and counted when it says nothing, cites no
 * evidence, cites an id that was not sent, has no quote of three or more characters, has a quote that is no exact
 * substring of the message or stack of a signal it cites, or comes after the most claims that one answer may hold.
 *
 * @param claims of the rules or of a model, in its order; not trusted in any way
 * @param evidence what was sent; where two signals have one id, the first is meant; an empty id is none
 */
export function groundClaims(claims: readonly Claim[], evidence: readonly EvidenceSignal[]): GroundedClaims {
  const byId = new Map<string, EvidenceSignal>();
  for (const signal of evidence) {
    if (signal.evidenceId !== '' && !byId.has(signal.evidenceId)) byId.set(signal.evidenceId, signal);
  }
  const kept = claims
    .slice(0, limits.claims)
    .filter((claim) => isGrounded(claim, byId))
    .map((claim) => ({
      text: cut(claim.text, limits.claimCharacters),
      evidenceIds: [...new Set(claim.evidenceIds)],
      quotes: [...new Set(claim.quotes.map((quote) => cut(quote, limits.quoteCharacters)))],
    }));
  const citedIds = new Set(kept.flatMap((claim) => claim.evidenceIds));
  return {
    claims: kept,
    dropped: claims.length - kept.length,
    cited: [...byId.values()].filter((signal) => citedIds.has(signal.evidenceId)),
  };
}

// A shorter quote ("e") is found anywhere and shows nothing; "OOM" and "502" are as short as a telling one gets.
const shortestQuoteCharacters = 3;

function isGrounded(claim: Claim, byId: ReadonlyMap<string, EvidenceSignal>): boolean {
  const { text, evidenceIds, quotes } = claim;
  if (text.trim() === '' || evidenceIds.length === 0 || quotes.length === 0) return false;
  if (evidenceIds.length > limits.evidenceIdsPerClaim || quotes.length > limits.quotesPerClaim) return false;
  const signals = evidenceIds.map((id) => byId.get(id));
  return (
    signals.every((signal) => signal !== undefined) &&
    quotes.every(
      (quote) =>
        quote.trim().length >= shortestQuoteCharacters &&
        signals.some((signal) => signal.message.includes(quote) || signal.stack?.includes(quote) === true),
    )
  );
}
