import type { AnalysisRequested, Verdict } from '@prodsentinel/contracts';
import { oneLine } from './bounded-text.ts';
import type { Candidate } from './candidates.ts';
import { countsInWords, listInWords, name, releasesOf } from './facts-in-words.ts';
import { limits } from './limits.ts';

/** The sentences an engineer reads first: what failed, where, how often, since when, on which release. */
export function rootCauseOf(
  candidate: Candidate,
  verdict: Verdict,
  request: AnalysisRequested,
  consequences: readonly string[],
): string {
  const { pattern, reporters, dependency, coverage, findings } = candidate;
  const scene = {
    service: listInWords(reporters),
    dependency: dependency === undefined ? undefined : name(dependency.display),
  };
  const details = detailsOf(candidate);
  const cause = `${pattern.cause(scene)}${details.length > 0 ? ` (${details.join(', ')})` : ''}`;
  const sentences = [
    `${doubtInWords(candidate, verdict)}${cause}.`,
    `${countsInWords(request)}${releaseInWords(request, reporters)}.`,
    coverage > 0 && coverage < 0.95
      ? `${Math.max(1, Math.round(coverage * 100))} % of the failures show this.`
      : '',
    consequences.length > 0 ? `A consequence: failures in ${listInWords(consequences)}.` : '',
    request.reason === 'new_release' ? 'A release that this incident did not have before has joined it.' : '',
    findings.length === 0 ? '' : leadInWords(candidate, verdict, request),
  ];
  return oneLine(sentences.filter(Boolean).join(' '), limits.rootCauseCharacters);
}

/** The same when no pattern matched: says so, and what is known all the same. */
export function unknownCause(request: AnalysisRequested): string {
  const [top] = request.suspects;
  const [primary] = request.evidence;
  const service = top?.service ?? primary?.service;
  const text = top?.template ?? primary?.message ?? '';
  const count = request.signature.find(
    (each) => each.service === top?.service && each.template === top.template,
  )?.count;
  const sentences = [
    'The cause is not known: no known failure pattern matches.',
    service === undefined
      ? 'There is no evidence and no suspect to go by.'
      : `The most suspicious failure is in ${name(service)}: “${oneLine(text, limits.excerptCharacters)}”${count === undefined ? '' : ` (${count} times)`}.`,
    `${countsInWords(request)}${service === undefined ? '' : releaseInWords(request, [service])}.`,
    request.services.length > 1 ? `Services with failures: ${listInWords(request.services)}.` : '',
  ];
  return oneLine(sentences.filter(Boolean).join(' '), limits.rootCauseCharacters);
}

function doubtInWords({ pattern }: Candidate, verdict: Verdict): string {
  if (verdict !== 'inconclusive') return '';
  return pattern.role === 'cause'
    ? 'The cause is not known; the best lead is this. '
    : 'The cause is not known. ';
}

// A cause found away from the suspect is a lead and no more: say why it was not trusted.
function leadInWords(
  { suspectMatch, pattern }: Candidate,
  verdict: Verdict,
  { suspects }: AnalysisRequested,
): string {
  const [top] = suspects;
  if (verdict !== 'inconclusive' || pattern.role !== 'cause' || !top || suspectMatch >= 0.6) return '';
  return `The most suspicious failure is another one, in ${name(top.service)}: “${oneLine(top.template, limits.excerptCharacters)}”.`;
}

function releaseInWords(request: AnalysisRequested, services: readonly string[]): string {
  const releases = releasesOf(request, services);
  if (releases.length === 0) return '';
  return releases.length === 1
    ? `, all on release ${listInWords(releases)}`
    : `, on releases ${listInWords(releases)}`;
}

function detailsOf({ pattern, findings }: Candidate): string[] {
  const [first] = findings;
  const matches = (pattern.details ?? []).map((expression) => expression.exec(first?.line ?? '')?.[0]);
  return matches.filter((match) => match !== undefined);
}
