import {
  codesOf,
  isDigitCode,
  isHexCode,
  isLetterCode,
  isSpaceCode,
  isWordCode,
} from './character-classes.ts';
import { limits } from './limits.ts';
import { maskToken } from './mask-token.ts';
import { cutAt } from './storable-text.ts';

/**
 * The template of a message: what varies becomes `<*>`, what tells causes apart stays. Looks at the first two non-empty
 * lines, 8 KiB and 100 tokens at most, in one pass over the character codes; the same text gives the same template in
 * every process.
 *
 * Replaced: every token that holds a digit (ids, numbers, addresses, times, versions), of host and kebab-case names only
 * the parts that do; e-mail addresses; quoted values with a digit; blobs. Kept: what `isProtectedToken` names, the
 * services in `knownServices` and tokens shaped like a service.
 */
export function maskMessage(text: string, knownServices: ReadonlySet<string>): string {
  const scan = new Scan(text, knownServices);
  const end = endOfSecondLine(text);
  let i = 0;
  while (i < end && scan.tokens < limits.maskedTokens && scan.chars < limits.templateChars) {
    const code = text.charCodeAt(i);
    if (isWordCode(code)) i = scan.takeToken(i, end);
    else if (isQuoteCode(code)) i = scan.takeQuote(i, end);
    else if (code === 91 && text.startsWith(redactedMark, i)) i = scan.takeRedacted(i, end);
    else i = scan.takeSeparator(i, code);
  }
  return scan.template();
}

const placeholder = '<*>';
const redactedMark = '[redacted:';

class Scan {
  tokens = 0;
  chars = 0;
  readonly #text: string;
  readonly #knownServices: ReadonlySet<string>;
  readonly #pieces: string[] = [];
  /** Separators since the last token; dropped between two placeholders, so that a list of any length is one. */
  #gap = '';
  #afterPlaceholder = false;
  #previous = '';
  #beforePrevious = '';

  constructor(text: string, knownServices: ReadonlySet<string>) {
    this.#text = text;
    this.#knownServices = knownServices;
  }

  takeToken(start: number, limit: number): number {
    const { end, hasDigit, isAddress } = findToken(this.#text, start, limit, this.#knownServices);
    const token = this.#text.slice(start, end);
    if (end - start > limits.tokenChars || isAddress) this.#push(placeholder);
    else if (hasDigit) this.#pushMasked(token, wordAfter(this.#text, end, limit));
    else {
      this.#push(token);
      this.#beforePrevious = this.#previous;
      this.#previous = token.length <= 32 ? token.toLowerCase() : '';
    }
    return end;
  }

  /** A quoted value of one piece that holds a digit, such as `'a=1;b=2'`, varies as a whole. */
  takeQuote(at: number, limit: number): number {
    const text = this.#text;
    const quote = text.charCodeAt(at);
    let hasDigit = false;
    let hasJoin = false;
    for (let i = at + 1; i < Math.min(limit, at + limits.tokenChars); i++) {
      const code = text.charCodeAt(i);
      if (code === quote) {
        if (!hasDigit || !hasJoin || (at > 0 && isWordCode(text.charCodeAt(at - 1)))) break;
        this.takeSeparator(at, quote);
        this.#push(placeholder);
        return this.takeSeparator(i, quote);
      }
      if (isSpaceCode(code) || code === 47 || code === 58 || code === 91) break;
      if (isDigitCode(code)) hasDigit = true;
      else if (code === 61 || code === 59 || code === 44 || code === 38 || code === 124) hasJoin = true;
    }
    return this.takeSeparator(at, quote);
  }

  /** What the redaction left stands as it is, whatever its name holds. */
  takeRedacted(at: number, limit: number): number {
    const close = this.#text.indexOf(']', at);
    const end = close < 0 || close >= limit ? limit : close + 1;
    this.#push(cutAt(this.#text.slice(at, end), 40));
    return end;
  }

  takeSeparator(at: number, code: number): number {
    if (!isSpaceCode(code)) this.#gap += this.#text[at];
    else if (!this.#gap.endsWith(' ')) this.#gap += ' ';
    if (this.#gap.length > 64) this.#flushGap();
    return at + 1;
  }

  template(): string {
    this.#flushGap();
    return cutAt(this.#pieces.join('').trim(), limits.templateChars);
  }

  #pushMasked(token: string, next: string): void {
    const context = { previous: this.#previous, beforePrevious: this.#beforePrevious, next };
    const masked = maskToken(token, this.#knownServices, context);
    this.#push(masked);
    // A word vouches for one code; what is masked in between (the 1.1 of `HTTP/1.1 503`) does not use it up.
    if (masked === token) this.#previous = '';
  }

  #push(masked: string): void {
    this.tokens++;
    if (masked === placeholder && this.#afterPlaceholder && isListGap(this.#gap)) {
      this.#gap = '';
      return;
    }
    this.#flushGap();
    this.#pieces.push(masked);
    this.chars += masked.length;
    this.#afterPlaceholder = masked.endsWith(placeholder);
  }

  #flushGap(): void {
    if (this.#gap === '') return;
    this.#pieces.push(this.#gap);
    this.chars += this.#gap.length;
    this.#gap = '';
  }
}

interface Token {
  end: number;
  hasDigit: boolean;
  isAddress: boolean;
}

/** A run of letters, digits and joiners; `:`, `+` and `@` join only inside times, addresses and e-mail addresses. */
function findToken(text: string, start: number, limit: number, knownServices: ReadonlySet<string>): Token {
  let hasDigit = false;
  let isAddress = false;
  let i = start;
  for (; i < limit; i++) {
    const code = text.charCodeAt(i);
    if (isDigitCode(code)) hasDigit = true;
    else if (isLetterCode(code) || code === 95 || code === 45 || code === 46) continue;
    else if (code === 64 && isWordCode(text.charCodeAt(i + 1)) && !isObjectHash(text, i + 1, limit))
      isAddress = true;
    else if (!hasDigit || (code !== 58 && code !== 43) || !joinsNumbers(text, i)) break;
    else if (code === 58 && knownServices.has(text.slice(start, i))) break;
  }
  let end = i;
  while (end > start + 1 && !isWordCode(text.charCodeAt(end - 1))) end--;
  return { end, hasDigit, isAddress };
}

/** Whether `:` or `+` at `i` goes on with the number, time or IPv6 address before it. */
function joinsNumbers(text: string, i: number): boolean {
  const next = text.charCodeAt(i + 1);
  if (isDigitCode(next)) return true;
  if (text.charCodeAt(i) !== 58) return false;
  return (
    (next === 58 || isHexCode(next)) &&
    isHexCode(text.charCodeAt(i - 1)) &&
    !isWordCode(text.charCodeAt(i + 5) || 32)
  );
}

/** `Order@1b2c3d` is a Java object, not an address. */
function isObjectHash(text: string, start: number, limit: number): boolean {
  let i = start;
  let hasDigit = false;
  for (; i < limit && i - start < 16 && isHexCode(text.charCodeAt(i)); i++) {
    if (isDigitCode(text.charCodeAt(i))) hasDigit = true;
  }
  const code = text.charCodeAt(i);
  return i > start && hasDigit && (i >= limit || !(isWordCode(code) || code === 46 || code === 45));
}

function wordAfter(text: string, end: number, limit: number): string {
  if (text.charCodeAt(end) !== 32) return '';
  let i = end + 1;
  while (i < limit && i - end < 16 && isWordCode(text.charCodeAt(i))) i++;
  return text.slice(end + 1, i);
}

/** Whether what stands between two placeholders is only the punctuation of a list, a path or a date. */
function isListGap(gap: string): boolean {
  for (let i = 0; i < gap.length; i++) if (!listGapCodes.has(gap.charCodeAt(i))) return false;
  return true;
}

const listGapCodes = codesOf(' ,;:/.-+x|\'"');

const isQuoteCode = (code: number): boolean => code === 34 || code === 39 || code === 96;

/** Where the second line that holds anything ends. */
function endOfSecondLine(text: string): number {
  const limit = Math.min(text.length, limits.maskedChars);
  let lines = 0;
  let hasContent = false;
  for (let i = 0; i < limit; i++) {
    const code = text.charCodeAt(i);
    if (code > 32) hasContent = true;
    else if (code === 10 && hasContent && ++lines === 2) return i;
    else if (code === 10) hasContent = false;
  }
  return limit;
}
