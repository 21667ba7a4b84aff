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
  if (text === last.text && knownServices === last.knownServices) return last.template;
  const template = toTemplate(text, knownServices);
  last = { text, knownServices, template };
  return template;
}

/** Producers write one text twice, as the message and as the exception's. */
let last = { text: '', knownServices: new Set() as ReadonlySet<string>, template: '' };

function toTemplate(text: string, knownServices: ReadonlySet<string>): string {
  const scan = new Scan(text, knownServices);
  const end = endOfSecondLine(text);
  let i = 0;
  while (i < end && scan.tokens < limits.maskedTokens) {
    const code = text.charCodeAt(i);
    if (isWordCode(code)) i = scan.takeToken(i, end);
    else if (isSpaceCode(code)) i = scan.takeSpace(i, end);
    else if (isQuoteCode(code)) i = scan.takeQuote(i, end);
    else if (code === 91 && text.startsWith(redactedMark, i)) i = scan.takeRedacted(i, end);
    else i++;
  }
  return scan.template(i);
}

const placeholder = '<*>';
const redactedMark = '[redacted:';

/** Copies the text in as few pieces as there are placeholders: most of a message stays as it is. */
class Scan {
  tokens = 0;
  readonly #text: string;
  readonly #knownServices: ReadonlySet<string>;
  readonly #pieces: string[] = [];
  #copiedTo = 0;
  /** Where the last placeholder ended in the text; -1 when something else came after it. */
  #placeholderEnd = -1;
  #placeholderPieces = 0;
  /** The words before: where they start and end. */
  #previous = noWord;
  #beforePrevious = noWord;

  constructor(text: string, knownServices: ReadonlySet<string>) {
    this.#text = text;
    this.#knownServices = knownServices;
  }

  takeToken(start: number, limit: number): number {
    this.tokens++;
    const { end, hasDigit, isAddress } = findToken(this.#text, start, limit, this.#knownServices);
    if (end - start > limits.tokenChars || isAddress) this.#replace(start, end, placeholder);
    else if (hasDigit) this.#mask(start, end, limit);
    else {
      this.#placeholderEnd = -1;
      this.#beforePrevious = this.#previous;
      this.#previous = { start, end };
    }
    return end;
  }

  /** A quoted value of one piece that holds a digit, such as `'a=1;b=2'`, varies as a whole. */
  takeQuote(at: number, limit: number): number {
    const text = this.#text;
    const quote = text.charCodeAt(at);
    if (at > 0 && isWordCode(text.charCodeAt(at - 1))) return at + 1;
    let hasDigit = false;
    let hasJoin = false;
    for (let i = at + 1; i < limit && i < at + limits.tokenChars; i++) {
      const code = text.charCodeAt(i);
      if (code === quote) {
        if (!hasDigit || !hasJoin) break;
        this.tokens++;
        this.#replace(at + 1, i, placeholder);
        return i + 1;
      }
      if (isSpaceCode(code) || code === 47 || code === 58 || code === 91) break;
      if (isDigitCode(code)) hasDigit = true;
      else if (joinCodes.has(code)) hasJoin = true;
    }
    return at + 1;
  }

  /** What the redaction left stands as it is, whatever its name holds. */
  takeRedacted(at: number, limit: number): number {
    this.tokens++;
    this.#placeholderEnd = -1;
    const close = this.#text.indexOf(']', at);
    return close < 0 || close >= limit ? limit : close + 1;
  }

  /** White space of any kind and length is one blank. */
  takeSpace(at: number, limit: number): number {
    let end = at + 1;
    while (end < limit && isSpaceCode(this.#text.charCodeAt(end))) end++;
    if (end > at + 1 || this.#text.charCodeAt(at) !== 32) this.#copy(at, end, ' ');
    return end;
  }

  template(end: number): string {
    this.#pieces.push(this.#text.slice(this.#copiedTo, end));
    return cutAt(this.#pieces.join('').trim(), limits.templateChars);
  }

  #mask(start: number, end: number, limit: number): void {
    const token = this.#text.slice(start, end);
    const masked = maskToken(token, this.#knownServices, {
      previous: this.#wordOf(this.#previous),
      beforePrevious: this.#wordOf(this.#beforePrevious),
      next: wordAfter(this.#text, end, limit),
    });
    if (masked !== token) return this.#replace(start, end, masked);
    this.#placeholderEnd = -1;
    // A word vouches for one code; what is masked in between (the 1.1 of `HTTP/1.1 503`) does not use it up.
    this.#previous = noWord;
  }

  /** A list of placeholders of any length is one. */
  #replace(start: number, end: number, masked: string): void {
    const isRepetition =
      masked === placeholder &&
      this.#placeholderEnd >= 0 &&
      isListGap(this.#text, this.#placeholderEnd, start);
    if (isRepetition) {
      this.#pieces.length = this.#placeholderPieces;
      this.#copiedTo = end;
    } else this.#copy(start, end, masked);
    this.#placeholderEnd = masked.endsWith(placeholder) ? end : -1;
    this.#placeholderPieces = this.#pieces.length;
  }

  #copy(start: number, end: number, instead: string): void {
    if (start > this.#copiedTo) this.#pieces.push(this.#text.slice(this.#copiedTo, start));
    this.#pieces.push(instead);
    this.#copiedTo = end;
  }

  #wordOf({ start, end }: Span): string {
    return end - start > 32 ? '' : this.#text.slice(start, end).toLowerCase();
  }
}

interface Span {
  readonly start: number;
  readonly end: number;
}

const noWord: Span = { start: 0, end: 0 };

const maxServiceChars = 64;

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
    else if (code === 58 && i - start <= maxServiceChars && knownServices.has(text.slice(start, i))) break;
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
function isListGap(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (!listGapCodes.has(text.charCodeAt(i))) return false;
  return true;
}

const listGapCodes = codesOf(' \t\r\n,;:/.-+|\'"');
const joinCodes = codesOf('=;,&|');

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
