import { cut, cutStart } from './bounded-text.ts';
import { limits } from './limits.ts';
import type { FailurePattern } from './pattern.ts';
import type { TellingLine } from './telling-lines.ts';

/** Where a pattern was found in a signal. */
export interface Recognition {
  line: TellingLine;
  /** The words around the match, as logged; absent when they cannot be quoted. */
  quote: string | undefined;
  /** The dependency, where the pattern's own expression names it. */
  dependency: string | undefined;
}

/** Looks for a pattern in the lines of one signal: the first line that has it, with the dependency if any line names one. */
export function recognise(pattern: FailurePattern, lines: readonly TellingLine[]): Recognition | undefined {
  let first: Recognition | undefined;
  for (const line of lines) {
    if (pattern.unless?.some((words) => line.lower.includes(words))) continue;
    for (const says of pattern.says) {
      const found = find(says, line);
      if (!found) continue;
      first ??= { line, quote: quoteOf(line, found.start), dependency: undefined };
      first.quote ??= quoteOf(line, found.start);
      if (found.group !== undefined) return { ...first, dependency: found.group };
    }
  }
  return first;
}

/** Whether a masked message shows the pattern. */
export function isShownBy(pattern: FailurePattern, line: TellingLine): boolean {
  return recognise(pattern, [line]) !== undefined;
}

/** The line, or the part of it from shortly before the match: a substring of what was logged. */
export function quoteOf(line: TellingLine, start = 0): string | undefined {
  if (!line.isQuotable) return undefined;
  const { text } = line;
  const from = Math.max(0, Math.min(start - 40, text.length - limits.quoteCharacters));
  return cut(cutStart(text, text.length - from), limits.quoteCharacters).trim();
}

function find(says: string | RegExp, line: TellingLine): { start: number; group?: string } | undefined {
  if (typeof says === 'string') {
    const start = line.lower.indexOf(says);
    return start < 0 ? undefined : { start };
  }
  const match = says.exec(line.lower);
  if (!match) return undefined;
  return match[1] === undefined ? { start: match.index } : { start: match.index, group: match[1] };
}
