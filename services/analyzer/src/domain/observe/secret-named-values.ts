import { codesOf, isDigitCode, isLetterCode, isSpaceCode } from './character-classes.ts';
import { looksRandom } from './random-values.ts';
import { isNameOfName, isNameOfValue, kindOfName, mayEndKnownName, mayNameKey } from './secret-names.ts';
import type { SecretKind, SecretSpan } from './secret-span.ts';

const maxNameChars = 64;
/** Characters between a name and its sign. */
export const maxGlue = 6;

/**
 * The value behind a `=`, `:` or `>` at `at`, when the name before it announces a secret.
 *
 * @param options `from`: nothing before it is looked at, it has been replaced already; `name`: what the last `"name":` field said
 * @returns the secret; or the name that a name field holds, to be remembered for the value field that follows
 */
export function findNamedSecret(
  text: string,
  at: number,
  { from, name: heldName }: { from: number; name: string },
): SecretSpan | { name: string } | undefined {
  const name = nameBefore(text, at, from);
  if (name === undefined) return undefined;
  const kind = kindOfName(name) ?? (isNameOfValue(name) ? kindOfName(heldName) : undefined);
  const isKey = kind === undefined && mayNameKey(name);
  if (kind === undefined && !isKey && !isNameOfName(name)) return undefined;
  const value = valueAfter(text, at);
  if (value === undefined) return undefined;
  if (kind !== undefined) return toSpan(text, value, kind);
  if (isKey) return looksRandom(text, value.start, value.end) ? toSpan(text, value, 'api_key') : undefined;
  return value.quoted
    ? { name: text.slice(value.start, Math.min(value.end, value.start + maxNameChars)) }
    : undefined;
}

interface Value {
  start: number;
  end: number;
  quoted: boolean;
}

/** The identifier that ends right before `at`, quotes, escapes and a blank or two skipped; undefined when there is none. */
function nameBefore(text: string, at: number, from: number): string | undefined {
  let end = at;
  for (let skipped = 0; end > from && skipped < maxGlue && isGlue(text.charCodeAt(end - 1)); skipped++) end--;
  if (!mayEndKnownName(text.charCodeAt(end - 2), text.charCodeAt(end - 1))) return undefined;
  let start = end;
  while (start > from && end - start < maxNameChars && isNameCode(text.charCodeAt(start - 1))) start--;
  if (end - start < 3) return undefined;
  if (text.charCodeAt(at) === 62 && (end !== at || text.charCodeAt(start - 1) !== 60)) return undefined;
  return text.slice(start, end);
}

function valueAfter(text: string, at: number): Value | undefined {
  let start = at + 1;
  // `=>`, `:=` and `==` are one sign; a Java-style `{key=[value]}` opens further.
  for (
    let skipped = 0;
    skipped < 6 && (isSpaceOnLine(text.charCodeAt(start)) || isSign(text, start));
    skipped++
  )
    start++;
  if (start >= text.length) return undefined;
  if (text.charCodeAt(at) === 62) return { start, end: indexOrLineEnd(text, start, '<'), quoted: true };
  let backslashes = 0;
  while (text.charCodeAt(start + backslashes) === 92) backslashes++;
  const code = text.charCodeAt(start + backslashes);
  if (code === 34 || code === 39 || code === 96) {
    const from = start + backslashes + 1;
    return { start: from, end: closingQuote(text, from, { code, backslashes }), quoted: true };
  }
  if (text.startsWith('[redacted:', start)) return undefined;
  if (code === 91) return { start: start + 1, end: indexOrLineEnd(text, start, ']'), quoted: true };
  if (code === 123) return { start: start + 1, end: indexOrLineEnd(text, start, '}'), quoted: true };
  return { start, end: endOfUnquoted(text, start, at), quoted: false };
}

function toSpan(text: string, value: Value, named: SecretKind): SecretSpan | undefined {
  let { start, end } = value;
  let kind = named;
  if (kind === 'cookie' && !value.quoted) end = lineEnd(text, start);
  if (kind === 'authorization' && !value.quoted) end = endOfCredentials(text, start);
  const firstChars = text.slice(start, Math.min(end, start + 12));
  if (end <= start || firstChars.startsWith('[redacted:')) return undefined;
  if (kind !== 'cookie' && end - start <= 12 && harmless.has(firstChars.toLowerCase())) return undefined;
  if (firstChars.startsWith('eyJ')) kind = 'jwt';
  return { start, end, kind };
}

/** Values that tell of a secret without being one. */
const harmless = new Set(
  `null nil none undefined true false yes no empty missing required invalid expired incorrect wrong is was must not has
  cannot should unknown mismatch *** **** ***** ****** ******** {} [] () <null> <none> <empty> n/a unset present absent
  revoked rejected failed error denied expected`.split(/\s+/),
);

/** `Authorization: SCHEME CREDENTIAL`; schemes with parameters reach to the end of the line. */
function endOfCredentials(text: string, start: number): number {
  const scheme =
    /^(?:(bearer|basic|token|apikey|api-key|negotiate|ntlm)|(?:digest|hmac|signature|oauth|aws4)[a-z0-9-]*) +/i.exec(
      text.slice(start, start + 40),
    );
  if (scheme === null) return endOfUnquoted(text, start, start - 1);
  if (scheme[1] === undefined) return lineEnd(text, start);
  return endOfUnquoted(text, start + scheme[0].length, start - 1);
}

/**
 * Up to white space or a delimiter. Inside a connection string (`Server=db;Password=a b;`) only `;`, a quote and the end of
 * the line delimit.
 */
function endOfUnquoted(text: string, start: number, at: number): number {
  const inConnectionString = isInConnectionString(text, at);
  let end = start;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code === 10 || code === 13 || code === 34 || code === 59) break;
    if (inConnectionString) continue;
    if (isSpaceCode(code) || unquotedEnds.has(code)) break;
  }
  return end;
}

const unquotedEnds = codesOf("'`,&<>)]}|");

/** Whether the name before `at` follows a `;`, as in `Server=db;Password=…`. */
function isInConnectionString(text: string, at: number): boolean {
  if (text.charCodeAt(at) !== 61) return false;
  let i = at - 1;
  for (let looked = 0; i >= 0 && looked < maxNameChars && isNameCode(text.charCodeAt(i)); looked++) i--;
  return text.charCodeAt(i) === 59;
}

/**
 * The quote that closes one with `backslashes` before it, in JSON that was put into JSON so many times; the end of the line
 * when there is none.
 */
function closingQuote(
  text: string,
  from: number,
  { code, backslashes }: { code: number; backslashes: number },
): number {
  const period = Math.min(backslashes, 63) * 2 + 2;
  let run = 0;
  for (let i = from; i < text.length; i++) {
    const each = text.charCodeAt(i);
    if (each === 10 || each === 13) return i;
    if (each === code && run % period === backslashes) return i - backslashes;
    run = each === 92 ? run + 1 : 0;
  }
  return text.length;
}

function indexOrLineEnd(text: string, start: number, what: string): number {
  const stop = what.charCodeAt(0);
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === stop || code === 10 || code === 13) return i;
  }
  return text.length;
}

const lineEnd = (text: string, start: number): number => indexOrLineEnd(text, start, '\n');

const isSpaceOnLine = (code: number): boolean => code === 32 || code === 9;

const isSign = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at);
  return code === 61 || (code === 62 && text.charCodeAt(at - 1) === 61);
};

/** Quotes, backslashes, blanks and `]` (as in `params[password]=…`) between a name and its sign. */
export const isGlue = (code: number): boolean =>
  code === 34 || code === 39 || code === 96 || code === 92 || code === 32 || code === 93;

const isNameCode = (code: number): boolean =>
  (code < 128 && (isLetterCode(code) || isDigitCode(code))) ||
  code === 95 ||
  code === 45 ||
  code === 46 ||
  code === 36;
