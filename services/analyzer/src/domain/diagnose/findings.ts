import type { EvidenceSignal } from '@prodsentinel/contracts';
import { dependencyIn, toDependency, type Dependency, type KnownServices } from './dependency.ts';
import { limits } from './limits.ts';
import type { FailurePattern } from './pattern.ts';
import { failurePatterns } from './patterns/library.ts';
import { quoteOf, recognise, type Recognition } from './recognise.ts';
import { tellingLinesOf, type TellingLine } from './telling-lines.ts';

/** A pattern found in a signal. */
export interface Finding {
  signal: EvidenceSignal;
  /** Place of the signal in the evidence; 0 is the most telling one. */
  index: number;
  pattern: FailurePattern;
  /** The line it was found in, as logged. */
  line: string;
  /** The words that show it; absent when neither message nor stack has any. */
  quote: string | undefined;
  dependency: Dependency | undefined;
  /** Less specific patterns that the same signal also shows: other words for the same thing. */
  lesser: readonly FailurePattern[];
}

/** The most specific pattern of each signal that shows one, inside the limits. */
export function findingsIn(evidence: readonly EvidenceSignal[], known: KnownServices): Finding[] {
  const findings: Finding[] = [];
  let charactersLeft: number = limits.charactersRead;
  for (const [index, signal] of evidence.entries()) {
    const lines = tellingLinesOf(signal);
    charactersLeft -= lines.reduce((sum, line) => sum + line.text.length, 0);
    if (charactersLeft < 0) break;
    const finding = findingIn(signal, index, lines, known);
    if (finding) findings.push(finding);
  }
  return findings;
}

function findingIn(
  signal: EvidenceSignal,
  index: number,
  lines: readonly TellingLine[],
  known: KnownServices,
): Finding | undefined {
  const shown: { pattern: FailurePattern; recognition: Recognition }[] = [];
  for (const pattern of failurePatterns) {
    const recognition = recognise(pattern, lines);
    if (recognition) shown.push({ pattern, recognition });
  }
  const [best, ...others] = shown;
  if (!best) return undefined;
  const { pattern, recognition } = best;
  return {
    signal,
    index,
    pattern,
    line: recognition.line.text,
    quote: recognition.quote ?? firstQuote(lines),
    dependency: dependencyOf(recognition, lines, signal.service, known),
    lesser: others.map((other) => other.pattern).filter((other) => other.role !== 'vague'),
  };
}

// What the pattern itself names, else what its line names, else what the signal names anywhere.
function dependencyOf(
  { dependency, line }: Recognition,
  lines: readonly TellingLine[],
  own: string,
  known: KnownServices,
): Dependency | undefined {
  const direct = dependency === undefined ? undefined : toDependency(dependency, own, known);
  if (direct) return direct;
  for (const each of [line, ...lines]) {
    const found = dependencyIn(each, own, known);
    if (found) return found;
  }
  return undefined;
}

function firstQuote(lines: readonly TellingLine[]): string | undefined {
  const line = lines.find((each) => each.isQuotable);
  return line === undefined ? undefined : quoteOf(line);
}
