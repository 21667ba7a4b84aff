import { codesOf, isDigitCode, isLetterCode, isSpaceCode } from './character-classes.ts';
import { isHexBetween } from './random-values.ts';
import { kindOfName } from './secret-names.ts';
import type { SecretSpan } from './secret-span.ts';

/** A private key in PEM from its first line to its last; one without an end reaches to the end of the text. */
export function findPrivateKey(text: string, at: number): SecretSpan | undefined {
  if (!text.startsWith('-----BEGIN ', at)) return undefined;
  const label = text.slice(at + 11, at + 60);
  const closed = label.indexOf('-----');
  if (!(closed < 0 ? label : label.slice(0, closed)).includes('PRIVATE KEY')) return undefined;
  const foot = text.indexOf('-----END ', at);
  const end = foot < 0 ? -1 : text.indexOf('-----', foot + 9);
  return { start: at, end: end < 0 ? text.length : end + 5, kind: 'private_key' };
}

/** The value in `--password VALUE`; `--password=VALUE` is a named value. */
export function findFlagValue(text: string, at: number): SecretSpan | undefined {
  if (at > 0 && !isSpaceCode(text.charCodeAt(at - 1)) && !isQuote(text.charCodeAt(at - 1))) return undefined;
  let end = at + 2;
  while (end < text.length && end - at < 48 && isFlagCode(text.charCodeAt(end))) end++;
  if (text.charCodeAt(end) !== 32) return undefined;
  const kind = kindOfName(text.slice(at + 2, end));
  if (kind === undefined) return undefined;
  let stop = end + 1;
  while (stop < text.length && !isSpaceCode(text.charCodeAt(stop))) stop++;
  const value = text.slice(end + 1, stop);
  if (value === '' || value.startsWith('-') || value.startsWith('[redacted:')) return undefined;
  return { start: end + 1, end: stop, kind };
}

/** The password in `curl -u USER:PASSWORD` and `curl --user USER:PASSWORD`, at the flag. */
export function findCurlPassword(text: string, at: number): SecretSpan | undefined {
  const flag = ['-u ', '--user '].find((each) => text.startsWith(each, at));
  if (flag === undefined || !isSpaceCode(text.charCodeAt(at - 1)) || !isCurlBefore(text, at))
    return undefined;
  let start = at + flag.length;
  while (text.charCodeAt(start) === 32) start++;
  if (isQuote(text.charCodeAt(start))) start++;
  let colon = -1;
  let end = start;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (isSpaceCode(code) || isQuote(code)) break;
    if (code === 58 && colon < 0) colon = end;
  }
  if (colon < 0 || colon + 1 === end || text.startsWith('[redacted:', colon + 1)) return undefined;
  return { start: colon + 1, end, kind: 'password' };
}

const maxCurlChars = 256;

/** Whether the program's name stands before on the same line. */
function isCurlBefore(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - maxCurlChars), at);
  return before.lastIndexOf('curl') > before.lastIndexOf('\n');
}

/**
 * The password in `scheme://user:password@host`, at the colon of `://`. A password may itself hold `@`: it reaches to the
 * last one before the host ends.
 */
export function findUrlCredentials(text: string, at: number): SecretSpan | undefined {
  if (text.charCodeAt(at) !== 58 || text.charCodeAt(at + 1) !== 47 || text.charCodeAt(at + 2) !== 47) {
    return undefined;
  }
  const start = at + 3;
  let colon = -1;
  let host = -1;
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 64) host = i;
    else if (code === 58 && colon < 0) colon = i;
    else if (endsAuthority(code)) break;
  }
  if (host < 0) return undefined;
  if (colon < 0 || colon > host) {
    const looksLikeKey = host - start >= 20 && hasDigit(text, start, host);
    return looksLikeKey ? { start, end: host, kind: 'connection_string' } : undefined;
  }
  if (host === colon + 1 || text.startsWith('[redacted:', colon + 1)) return undefined;
  return { start: colon + 1, end: host, kind: 'connection_string' };
}

/** Telegram's `BOT:SECRET`, at its colon: digits, then 35 characters that begin with `A`. */
export function findBotToken(text: string, at: number): SecretSpan | undefined {
  if (text.charCodeAt(at) !== 58 || text.charCodeAt(at + 1) !== 65) return undefined;
  let start = at;
  while (start > 0 && at - start < 16 && isDigitCode(text.charCodeAt(start - 1))) start--;
  if (at - start < 5) return undefined;
  let end = at + 1;
  while (end < text.length && end - at < 64 && isFlagCode(text.charCodeAt(end))) end++;
  return end - at === 36 ? { start: at + 1, end, kind: 'vendor_token' } : undefined;
}

/** Known by what stands in it: the `Q~` of an Azure client secret, the `-us12` behind a Mailchimp key. */
export function findByMiddle(text: string, at: number, from: number): SecretSpan | undefined {
  if (text.charCodeAt(at) === 81) return findAzureSecret(text, at, from);
  const start = at - 32;
  if (start < from || text.charCodeAt(at + 2) !== 115 || !isDigitCode(text.charCodeAt(at + 3)))
    return undefined;
  if (!isHexBetween(text, start, at)) return undefined;
  const end = isDigitCode(text.charCodeAt(at + 4)) ? at + 5 : at + 4;
  return { start, end, kind: 'vendor_token' };
}

function findAzureSecret(text: string, at: number, from: number): SecretSpan | undefined {
  if (at - 4 < from || !isDigitCode(text.charCodeAt(at - 1))) return undefined;
  let end = at + 2;
  while (end < text.length && end - at < 64 && isAzureCode(text.charCodeAt(end))) end++;
  return end - at >= 33 ? { start: at - 4, end, kind: 'secret' } : undefined;
}

const isAzureCode = (code: number): boolean =>
  code < 128 && (isFlagCode(code) || code === 126 || code === 46);

/** Whitespace, quotes, `/ ? # < > ,` and brackets other than those of an IPv6 address. */
function endsAuthority(code: number): boolean {
  return isSpaceCode(code) || isQuote(code) || authorityEnds.has(code);
}

const authorityEnds = codesOf('/?#<>(){}|\\');

const isQuote = (code: number): boolean => code === 34 || code === 39 || code === 96;

const isFlagCode = (code: number): boolean =>
  isLetterCode(code) || isDigitCode(code) || code === 45 || code === 95;

function hasDigit(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (isDigitCode(text.charCodeAt(i))) return true;
  return false;
}
