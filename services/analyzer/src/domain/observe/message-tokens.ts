import { isDigitCode, isHexCode, isLetterCode, isWordCode } from './character-classes.ts';

/** Where a run of letters, digits and joiners ends, and what is in it. */
export interface Token {
  readonly end: number;
  readonly hasDigit: boolean;
  readonly isAddress: boolean;
}

/** A text, as scanners walk it. */
export interface Scanned {
  readonly text: string;
  /** As `bytesOf` makes them. */
  readonly bytes: Uint8Array;
  /** Nothing behind it is looked at for tokens. */
  readonly limit: number;
}

const maxServiceChars = 64;
/** As long as the part of an address before its `@` may be (RFC 5321, 4.5.3.1.1). */
const maxTagChars = 64;

/** The token that begins at `start`; `:`, `+` and `@` join only inside times, addresses and e-mail addresses. */
export function findToken(scanned: Scanned, start: number, knownServices: ReadonlySet<string>): Token {
  const { text, bytes, limit } = scanned;
  let hasDigit = false;
  let isAddress = false;
  let i = start;
  for (; i < limit; i++) {
    const code = bytes[i]!;
    if (isDigitCode(code)) hasDigit = true;
    else if (isJoinedWord(code)) continue;
    else if (code === 64 && isWordCode(bytes[i + 1]!) && !isObjectHash(scanned, i + 1)) isAddress = true;
    else if (code === 43 && isAddressTag(scanned, i)) continue;
    else if (!hasDigit || (code !== 58 && code !== 43) || !joinsNumbers(bytes, i)) break;
    else if (code === 58 && i - start <= maxServiceChars && knownServices.has(text.slice(start, i))) break;
  }
  return { end: endOfWord(bytes, start, i), hasDigit, isAddress };
}

/** Letters and what joins words: `_`, `-` and `.`. */
const isJoinedWord = (code: number): boolean =>
  isLetterCode(code) || code === 95 || code === 45 || code === 46;

/** How the characters of a token without digits go on, as a table. */
const joinedWords = Uint8Array.from({ length: 256 }, (_, code) => Number(isJoinedWord(code)));

/** Where the token that begins at `start` ends when it has neither a digit nor an `@` or `+`; -1 when it may have. */
export function endOfPlainToken({ bytes, limit }: Scanned, start: number): number {
  let i = start;
  while (i < limit && joinedWords[bytes[i]!] === 1) i++;
  if (i < limit && (isDigitCode(bytes[i]!) || bytes[i] === 64 || bytes[i] === 43)) return -1;
  return endOfWord(bytes, start, i);
}

/** Joiners at the end of a token are punctuation. */
function endOfWord(bytes: Uint8Array, start: number, end: number): number {
  let last = end;
  while (last > start + 1 && !isWordCode(bytes[last - 1]!)) last--;
  return last;
}

/** Whether `:` or `+` at `i` goes on with the number, time or IPv6 address before it. */
function joinsNumbers(bytes: Uint8Array, i: number): boolean {
  const next = bytes[i + 1]!;
  if (isDigitCode(next)) return true;
  if (bytes[i] !== 58) return false;
  return (next === 58 || isHexCode(next)) && isHexCode(bytes[i - 1]!) && !isWordCode(bytes[i + 5]!);
}

/** Whether the `+` at `plus` begins the tag of an e-mail address: `ann+news@example.com`. */
function isAddressTag({ bytes, limit }: Scanned, plus: number): boolean {
  let i = plus + 1;
  while (i < limit && i - plus <= maxTagChars && (isWordCode(bytes[i]!) || isJoinedWord(bytes[i]!))) i++;
  return i > plus + 1 && i < limit && bytes[i] === 64 && isWordCode(bytes[i + 1]!);
}

/** `Order@1b2c3d` is a Java object, not an address. */
function isObjectHash({ bytes, limit }: Scanned, start: number): boolean {
  let i = start;
  let hasDigit = false;
  for (; i < limit && i - start < 16 && isHexCode(bytes[i]!); i++) {
    if (isDigitCode(bytes[i]!)) hasDigit = true;
  }
  const code = bytes[i]!;
  return i > start && hasDigit && (i >= limit || !(isWordCode(code) || code === 46 || code === 45));
}
