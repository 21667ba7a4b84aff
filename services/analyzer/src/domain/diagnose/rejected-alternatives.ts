import type { RejectedAlternative, Suspect } from '@prodsentinel/contracts';
import type { Candidate } from './candidates.ts';
import { listInWords, name } from './facts-in-words.ts';
import { limits } from './limits.ts';

/** The other causes that were considered, the nearest first, each with why it was not chosen. */
export function rejectedAlternativesOf(
  chosen: Candidate,
  candidates: readonly Candidate[],
  top: Suspect | undefined,
): RejectedAlternative[] {
  const alternatives = [
    ...candidates.filter((candidate) => candidate !== chosen).map((candidate) => whyNot(candidate, chosen)),
    ...unknownSuspect(candidates, top),
    ...otherWords(chosen),
  ];
  const seen = new Set<string>();
  return alternatives
    .filter(({ cause }) => !seen.has(cause) && seen.add(cause))
    .slice(0, limits.rejectedAlternatives);
}

function whyNot(candidate: Candidate, chosen: Candidate): RejectedAlternative {
  return {
    cause: `${listInWords(candidate.reporters)}: ${candidate.pattern.words}`,
    why: reason(candidate, chosen),
  };
}

function reason(candidate: Candidate, chosen: Candidate): string {
  const { pattern, explainedBy, dependency, coverage, suspectMatch } = candidate;
  const suspected = name(chosen.suspectedService);
  if (explainedBy) {
    const link = dependency
      ? `It depends on ${name(dependency.name)}, which`
      : `Meanwhile ${name(explainedBy.suspectedService)}`;
    return `${link} failed itself (${explainedBy.pattern.words}): this is a consequence.`;
  }
  if (pattern.role === 'symptom') return 'It says that something it calls failed, not why: a consequence.';
  if (pattern.role === 'vague') return 'Its message says that something failed, not what.';
  if (suspectMatch < chosen.suspectMatch) return `The ranking of suspects points at ${suspected} first.`;
  if (coverage < chosen.coverage) {
    return `It covers ${percent(coverage)} of the failures, the chosen cause ${percent(chosen.coverage)}.`;
  }
  return 'Its words are less specific: they appear with other causes too.';
}

function unknownSuspect(candidates: readonly Candidate[], top: Suspect | undefined): RejectedAlternative[] {
  if (!top || candidates.some(({ reporters }) => reporters.includes(top.service))) return [];
  return [
    {
      cause: `${name(top.service)}: a failure of its own`,
      why: 'It is ranked first among the suspects, but what it logged matches no known pattern.',
    },
  ];
}

function otherWords(chosen: Candidate): RejectedAlternative[] {
  return chosen.findings
    .flatMap(({ lesser }) => lesser)
    .map(({ words }) => ({
      cause: `${name(chosen.reporters[0] ?? '')}: ${words}`,
      why: `The same message says more precisely: ${chosen.pattern.words}.`,
    }));
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
