import type { EvidenceSignal } from '@prodsentinel/contracts';
import { cut, cutStart, lowerAscii } from './bounded-text.ts';
import { limits } from './limits.ts';

/** One line of a signal that can say what went wrong. */
export interface TellingLine {
  /** As it was logged. */
  text: string;
  /** The same with A to Z in lower case; positions agree with `text`. */
  lower: string;
  /** False for what stands in neither message nor stack, and so cannot be quoted. */
  isQuotable: boolean;
}

/** The signal with message and stack inside the limits; what is left of them are substrings of the original. */
export function capEvidence(signal: EvidenceSignal): EvidenceSignal {
  return {
    ...signal,
    message: cut(signal.message, limits.messageCharacters),
    stack: signal.stack === null ? null : capStack(signal.stack),
  };
}

/**
 * The lines of message, exception type and stack, without stack frames: a frame in `TimeoutHandler.java` is no time-out.
 * The exception type comes after the message, so that the quote is taken from what can be quoted.
 */
export function tellingLinesOf(signal: EvidenceSignal): TellingLine[] {
  const lines = linesOf(signal.message, true);
  const type = signal.exceptionType === null ? [] : linesOf(signal.exceptionType, false);
  const stack = signal.stack === null ? [] : linesOf(signal.stack, true);
  return [...lines, ...type, ...stack].slice(0, limits.linesPerSignal);
}

/** A masked message as one line to match patterns against. */
export function templateLine(template: string): TellingLine {
  return toLine(template, false);
}

function capStack(stack: string): string {
  if (stack.length <= limits.stackCharacters) return stack;
  const half = limits.stackCharacters / 2;
  return `${cut(stack, half)}\n…\n${cutStart(stack, half)}`;
}

function linesOf(text: string, isQuotable: boolean): TellingLine[] {
  return text
    .split('\n')
    .filter((line, index) => index === 0 || !isFrame(line))
    .filter((line) => line.trim() !== '')
    .map((line) => toLine(line, isQuotable));
}

function toLine(text: string, isQuotable: boolean): TellingLine {
  const capped = cut(text, limits.lineCharacters);
  return { text: capped, lower: lowerAscii(capped), isQuotable };
}

// What runtimes indent is a frame or a line of source, but for causes and the codes that Node prints below an error.
const indentedYetTelling = /^\s+(caused by|suppressed|\[cause\]|\[errors\]|code:|host(name)?:|detail:)/i;

function isFrame(line: string): boolean {
  if (/^\s/.test(line)) return !indentedYetTelling.test(line);
  // The last alternative is Go's `main.handle(0x1, 0x2)`, which is not indented.
  return /^(at |goroutine \d|created by |File "|\S{1,300}\([^()]{0,200}\)$)/.test(line);
}
