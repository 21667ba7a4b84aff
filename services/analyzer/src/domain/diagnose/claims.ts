import type { Claim, EvidenceSignal } from '@prodsentinel/contracts';
import { isConsequenceOf, type Candidate } from './candidates.ts';
import { name } from './facts-in-words.ts';
import type { Finding } from './findings.ts';
import { limits } from './limits.ts';
import { quoteOf } from './recognise.ts';
import { tellingLinesOf } from './telling-lines.ts';

/** What the chosen cause rests on: one claim for each service that reported it, then those that show consequences. */
export function claimsFor(chosen: Candidate, candidates: readonly Candidate[]): Claim[] {
  const consequences = candidates.filter((candidate) => isConsequenceOf(candidate, chosen));
  return [
    ...claimsOf(chosen, (service) => `${service} reported that ${chosen.pattern.words}.`),
    ...consequences.flatMap((candidate) =>
      claimsOf(
        candidate,
        (service) => `${service} reported that ${candidate.pattern.words}, as a consequence.`,
      ),
    ),
  ];
}

/** The one thing that can be said of a signal that matches no pattern: that it was logged. */
export function claimThatItFailed(signal: EvidenceSignal): Claim {
  const line = tellingLinesOf(signal).find((each) => each.isQuotable);
  const quote = line === undefined ? undefined : quoteOf(line);
  return {
    text: `${name(signal.service)} reported a failure that matches no known pattern.`,
    evidenceIds: [signal.evidenceId],
    quotes: quote === undefined ? [] : [quote],
  };
}

function claimsOf({ reporters, findings }: Candidate, say: (service: string) => string): Claim[] {
  return reporters.slice(0, limits.citedSignals).flatMap((service) => {
    const shown = findings.filter((each) => each.signal.service === service && isCitable(each));
    const cited = shown.slice(0, limits.citedSignals);
    if (cited.length === 0) return [];
    return [
      {
        text: say(name(service)),
        evidenceIds: [...new Set(cited.map(({ signal }) => signal.evidenceId))],
        quotes: [...new Set(cited.map(({ quote }) => quote ?? ''))],
      },
    ];
  });
}

// What cannot be cited is not claimed: a signal without an id, or one whose words stand only in its exception type.
function isCitable({ signal, quote }: Finding): boolean {
  return signal.evidenceId !== '' && quote !== undefined;
}
