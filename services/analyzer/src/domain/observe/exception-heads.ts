import { isLetterCode, isUpperCode, isWordCode } from './character-classes.ts';
import { holdsExceptionEnding, isExceptionClass } from './protected-tokens.ts';

/** The line that names an exception: `java.lang.IllegalStateException: No instances available`. */
export interface ExceptionHead {
  readonly type: string;
  readonly message: string;
}

/**
 * The exception that a text names at `start`, after words such as `Exception in thread "main"` or `Uncaught`; undefined when
 * what stands there does not read as an exception class. Looks at one line.
 */
export function headAt(
  text: string,
  start: number,
  { isExpected }: { isExpected: boolean },
): ExceptionHead | undefined {
  let at = skipIntroduction(text, start);
  const end = endOfType(text, at);
  const type = text.slice(at, end);
  if (end === at || end - at > maxTypeChars) return undefined;
  const isClass = isExceptionClass(type) || isExceptionClass(outerOf(type));
  if (!isClass && !(isExpected && isQualifiedOrCapital(type))) return undefined;
  at = end;
  // Node writes the code behind the type: `TypeError [ERR_INVALID_URL]: Invalid URL`.
  if (text.startsWith(' [', at)) {
    const close = text.indexOf(']', at);
    if (close > 0 && close - at < 64) at = close + 1;
  }
  if (text.charCodeAt(at) !== 58) return isAtEnd(text, at) ? { type, message: '' } : undefined;
  return { type, message: messageFrom(text, at + 1) };
}

/** The first exception that one line of log text names anywhere: `… failed: java.net.ConnectException: Connection refused`. */
export function headInside(line: string): ExceptionHead | undefined {
  if (!holdsExceptionEnding(line)) return undefined;
  for (let i = 0; i < line.length; i++) {
    if (!isWordCode(line.charCodeAt(i))) continue;
    const end = endOfType(line, i);
    if (end - i <= maxTypeChars && line.charCodeAt(end) === 58) {
      const type = line.slice(i, end);
      if (isExceptionClass(type) || isExceptionClass(outerOf(type)))
        return { type, message: messageFrom(line, end + 1) };
    }
    i = Math.max(i, end - 1);
  }
  return undefined;
}

const maxTypeChars = 200;
const introductions = [
  'Uncaught ',
  'Unhandled exception. ',
  'Unhandled ',
  'Fatal error: ',
  'PHP Fatal error:  Uncaught ',
  'PHP ',
];

function skipIntroduction(text: string, start: number): number {
  let at = start;
  if (text.startsWith('Exception in thread "', at)) {
    const close = text.indexOf('" ', at + 21);
    if (close > 0 && close - at < 200) at = close + 2;
  }
  for (const words of introductions) if (text.startsWith(words, at)) at += words.length;
  return at;
}

function endOfType(text: string, start: number): number {
  let end = start;
  while (end < text.length && isTypeCode(text, end)) end++;
  return end;
}

/** Letters, digits and `_ $ . \`, and the `::` between Ruby's and C++'s names. */
function isTypeCode(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (isWordCode(code) || code === 36 || code === 46 || code === 92) return true;
  if (code !== 58) return false;
  const joinsNext = text.charCodeAt(at + 1) === 58 && isLetterCode(text.charCodeAt(at + 2));
  return joinsNext || (text.charCodeAt(at - 1) === 58 && isLetterCode(text.charCodeAt(at + 1)));
}

/** `HttpServerErrorException` of `HttpServerErrorException$InternalServerError`. */
function outerOf(type: string): string {
  const dollar = type.indexOf('$');
  return dollar < 0 ? type : type.slice(0, dollar);
}

function isQualifiedOrCapital(type: string): boolean {
  const last = Math.max(type.lastIndexOf('.'), type.lastIndexOf('\\'), type.lastIndexOf(':'));
  return isUpperCode(type.charCodeAt(last + 1));
}

function isAtEnd(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return at >= text.length || code === 10 || code === 13 || code === 93 || text.startsWith(' {', at);
}

/** To the end of the line, or to the bracket that closes what the exception is quoted in. */
function messageFrom(text: string, start: number): string {
  let depth = 0;
  let end = start;
  for (; end < text.length && end - start < maxMessageChars; end++) {
    const code = text.charCodeAt(end);
    if (code === 10 || code === 13) break;
    if (code === 91 || code === 40) depth++;
    else if ((code === 93 || code === 41) && --depth < 0) break;
  }
  return text.slice(start, end).trim();
}

const maxMessageChars = 2_048;
