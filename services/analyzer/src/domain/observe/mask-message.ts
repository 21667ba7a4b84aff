import { codesOf, isDigitCode, isSpaceCode, isWordCode } from './character-classes.ts';
import { limits } from './limits.ts';
import { maskToken } from './mask-token.ts';
import { endOfPlainToken, findToken, type Scanned } from './message-tokens.ts';
import { cutAt } from './storable-text.ts';
import { bytesOf } from './text-bytes.ts';
import { WordsAround } from './words-around.ts';

/**
 * The template of a message: what varies becomes `<*>`, what tells causes apart stays. Looks at the first two non-empty
 * lines, 8 KiB and 100 tokens at most, in one pass; the same text gives the same template in
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
  const bytes = bytesOf(text);
  const limit = endOfSecondLine(text, bytes);
  const scan = new Scan({ text, bytes, limit }, knownServices);
  let i = 0;
  while (i < limit && scan.tokens < limits.maskedTokens) {
    const begins = beginnings[bytes[i]!]!;
    if (begins === Begins.word) i = scan.takeToken(i);
    else if (begins === Begins.nothing) i++;
    else if (begins === Begins.space) i = scan.takeSpace(i);
    else if (begins === Begins.quoted) i = scan.takeQuote(i);
    else i = text.startsWith(redactedMark, i) ? scan.takeRedacted(i) : i + 1;
  }
  return scan.template(i);
}

const Begins = { nothing: 0, word: 1, space: 2, quoted: 3, bracket: 4 } as const;

/** What a character begins where no token goes on. */
const beginnings = new Uint8Array(256);
for (let code = 0; code < 256; code++) {
  if (isWordCode(code)) beginnings[code] = Begins.word;
  else if (isSpaceCode(code)) beginnings[code] = Begins.space;
}
for (const quote of '"\'`') beginnings[quote.charCodeAt(0)] = Begins.quoted;
beginnings['['.charCodeAt(0)] = Begins.bracket;

const placeholder = '<*>';
const redactedMark = '[redacted:';

/** Copies the text in as few pieces as there are placeholders: most of a message stays as it is. */
class Scan {
  tokens = 0;
  readonly #scanned: Scanned;
  readonly #knownServices: ReadonlySet<string>;
  readonly #words: WordsAround;
  readonly #pieces: string[] = [];
  #copiedTo = 0;
  /** Where the last placeholder ended in the text; -1 when something else came after it. */
  #placeholderEnd = -1;
  #placeholderPieces = 0;

  constructor(scanned: Scanned, knownServices: ReadonlySet<string>) {
    this.#scanned = scanned;
    this.#knownServices = knownServices;
    this.#words = new WordsAround(scanned);
  }

  takeToken(start: number): number {
    this.tokens++;
    const plainEnd = endOfPlainToken(this.#scanned, start);
    if (plainEnd >= 0 && plainEnd - start <= limits.tokenChars) return this.#keep(start, plainEnd);
    const { end, hasDigit, isAddress } = findToken(this.#scanned, start, this.#knownServices);
    if (end - start > limits.tokenChars || isAddress) this.#replace(start, end, placeholder);
    else if (hasDigit) this.#mask(start, end);
    else this.#keep(start, end);
    return end;
  }

  /** A quoted value of one piece that holds a digit, such as `'a=1;b=2'`, varies as a whole. */
  takeQuote(at: number): number {
    const { bytes, limit } = this.#scanned;
    const quote = bytes[at]!;
    if (at > 0 && isWordCode(bytes[at - 1]!)) return at + 1;
    let hasDigit = false;
    let hasJoin = false;
    for (let i = at + 1; i < limit && i < at + limits.tokenChars; i++) {
      const code = bytes[i]!;
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
  takeRedacted(at: number): number {
    const { text, limit } = this.#scanned;
    this.tokens++;
    this.#placeholderEnd = -1;
    const close = text.indexOf(']', at);
    return close < 0 || close >= limit ? limit : close + 1;
  }

  /** White space of any kind and length is one blank. */
  takeSpace(at: number): number {
    const { bytes, limit } = this.#scanned;
    let end = at + 1;
    while (end < limit && isSpaceCode(bytes[end]!)) end++;
    if (end > at + 1 || bytes[at] !== 32) this.#copy(at, end, ' ');
    return end;
  }

  template(end: number): string {
    this.#pieces.push(this.#scanned.text.slice(this.#copiedTo, end));
    return cutAt(this.#pieces.join('').trim(), limits.templateChars);
  }

  #keep(start: number, end: number): number {
    this.#placeholderEnd = -1;
    this.#words.add(start, end);
    return end;
  }

  #mask(start: number, end: number): void {
    const token = this.#scanned.text.slice(start, end);
    const masked = maskToken(token, this.#knownServices, this.#words.around(end));
    if (masked !== token) return this.#replace(start, end, masked);
    this.#placeholderEnd = -1;
    // A word vouches for one code; what is masked in between (the 1.1 of `HTTP/1.1 503`) does not use it up.
    this.#words.forgetPrevious();
  }

  /** A list of placeholders of any length is one. */
  #replace(start: number, end: number, masked: string): void {
    const isRepetition =
      masked === placeholder &&
      this.#placeholderEnd >= 0 &&
      isListGap(this.#scanned.bytes, this.#placeholderEnd, start);
    if (isRepetition) {
      this.#pieces.length = this.#placeholderPieces;
      this.#copiedTo = end;
    } else this.#copy(start, end, masked);
    this.#placeholderEnd = masked.endsWith(placeholder) ? end : -1;
    this.#placeholderPieces = this.#pieces.length;
  }

  #copy(start: number, end: number, instead: string): void {
    if (start > this.#copiedTo) this.#pieces.push(this.#scanned.text.slice(this.#copiedTo, start));
    this.#pieces.push(instead);
    this.#copiedTo = end;
  }
}

/** Whether what stands between two placeholders is only the punctuation of a list, a path or a date. */
function isListGap(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (!listGapCodes.has(bytes[i]!)) return false;
  return true;
}

const listGapCodes = codesOf(' \t\r\n,;:/.-+|\'"');
const joinCodes = codesOf('=;,&|');

/** Where the second line that holds anything ends. */
function endOfSecondLine(text: string, bytes: Uint8Array): number {
  const limit = Math.min(text.length, limits.maskedChars);
  let lines = 0;
  let start = 0;
  for (;;) {
    const newline = text.indexOf('\n', start);
    if (newline < 0 || newline >= limit) return limit;
    if (holdsAnything(bytes, start, newline) && ++lines === 2) return newline;
    start = newline + 1;
  }
}

function holdsAnything(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (!isSpaceCode(bytes[i]!)) return true;
  return false;
}
