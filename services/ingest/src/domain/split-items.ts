import { JsonFault } from './json-fault.ts';

/** Where an item stands in the body, in bytes, and how deep it is nested (a scalar 0, `{}` 1). Not yet known to be JSON. */
export interface ItemSlice {
  readonly start: number;
  readonly end: number;
  readonly depth: number;
  /** Whether it may hold a number that a double does not: 16 digits in a row, or an exponent. */
  readonly mayHoldHardNumber: boolean;
}

/** There are more items in the body than the limit. */
export class TooManyItems extends Error {
  override readonly name = 'TooManyItems';
}

/**
 * Cuts a JSON text into the items of its array, or the one item that it is. Cutting before parsing keeps memory bounded:
 * size, number and depth are known before a single object is made, and one bad item does not take the others with it.
 *
 * @throws JsonFault when the array itself is malformed; `TooManyItems` at item `maxItems + 1`
 */
export function splitJson(body: Buffer, maxItems: number): ItemSlice[] {
  const start = skipSpace(body, 0);
  if (body[start] === openBracket) return splitArray(body, start + 1, maxItems);
  return [sliceOf(body, start, body.length)];
}

/**
 * Cuts newline-delimited JSON into its lines; blank lines are no items.
 *
 * @throws `TooManyItems` at item `maxItems + 1`
 */
export function splitLines(body: Buffer, maxItems: number): ItemSlice[] {
  const items: ItemSlice[] = [];
  for (let start = 0; start < body.length;) {
    const lineFeedAt = body.indexOf(lineFeed, start);
    const end = lineFeedAt === -1 ? body.length : lineFeedAt;
    if (skipSpace(body, start) < end) add(items, sliceOf(body, start, end), maxItems);
    start = end + 1;
  }
  return items;
}

function splitArray(body: Buffer, start: number, maxItems: number): ItemSlice[] {
  const items: ItemSlice[] = [];
  let itemStart = start;
  let depth = 0;
  let deepest = 0;
  let digits = 0;
  let mayHoldHardNumber = false;
  for (let at = start; at < body.length; at++) {
    const byte = body[at]!;
    if (isDigit(byte)) {
      mayHoldHardNumber ||= ++digits >= hardDigits;
      continue;
    }
    if (digits > 0 && isExponent(byte)) mayHoldHardNumber = true;
    digits = 0;
    if (byte === quote) at = endOfText(body, at);
    else if (byte === openBrace || byte === openBracket) deepest = Math.max(deepest, ++depth);
    else if (byte === comma && depth === 0) {
      add(items, { start: itemStart, end: at, depth: deepest, mayHoldHardNumber }, maxItems);
      itemStart = at + 1;
      deepest = 0;
      mayHoldHardNumber = false;
    } else if (byte === closeBrace || byte === closeBracket) {
      if (depth-- > 0) continue;
      if (byte === closeBrace) throw new JsonFault(at, ', or ]');
      expectEnd(body, at + 1);
      const isEmpty = items.length === 0 && skipSpace(body, itemStart) === at;
      if (!isEmpty) add(items, { start: itemStart, end: at, depth: deepest, mayHoldHardNumber }, maxItems);
      return items;
    }
  }
  throw new JsonFault(body.length, 'more: the array is not closed');
}

function add(items: ItemSlice[], item: ItemSlice, maxItems: number): void {
  if (items.length === maxItems) throw new TooManyItems(`more than ${maxItems} items`);
  items.push(item);
}

function expectEnd(body: Buffer, start: number): void {
  const at = skipSpace(body, start);
  if (at < body.length) throw new JsonFault(at, 'the end of the text');
}

function sliceOf(body: Buffer, start: number, end: number): ItemSlice {
  let depth = 0;
  let deepest = 0;
  let digits = 0;
  let mayHoldHardNumber = false;
  for (let at = start; at < end; at++) {
    const byte = body[at]!;
    if (isDigit(byte)) {
      mayHoldHardNumber ||= ++digits >= hardDigits;
      continue;
    }
    if (digits > 0 && isExponent(byte)) mayHoldHardNumber = true;
    digits = 0;
    if (byte === quote) at = endOfText(body, at);
    else if (byte === openBrace || byte === openBracket) deepest = Math.max(deepest, ++depth);
    else if (byte === closeBrace || byte === closeBracket) depth--;
  }
  return { start, end, depth: deepest, mayHoldHardNumber };
}

/** 2 ** 53 has 16. */
const hardDigits = 16;

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isExponent(byte: number): boolean {
  return byte === 0x65 || byte === 0x45;
}

/** The closing quote of the text that opens at `at`, or the end of the body. */
function endOfText(body: Buffer, at: number): number {
  let plain = 0;
  for (let next = at + 1; next < body.length; next++) {
    const byte = body[next]!;
    if (byte === quote) return next;
    if (byte === backslash) {
      next++;
      plain = 0;
    } else if (++plain === longText) {
      const quoteAt = body.indexOf(quote, next + 1);
      if (quoteAt === -1) return body.length;
      if (!isEscaped(body, quoteAt, next)) return quoteAt;
      next = quoteAt;
      plain = 0;
    }
  }
  return body.length;
}

/** From so many bytes without an escape on, asking for the next quote is faster than looking byte by byte. */
const longText = 24;

/** @param after a byte that is no part of an escape */
function isEscaped(body: Buffer, at: number, after: number): boolean {
  let escapes = 0;
  while (at - escapes - 1 > after && body[at - escapes - 1] === backslash) escapes++;
  return escapes % 2 === 1;
}

function skipSpace(body: Buffer, start: number): number {
  let at = start;
  while (at < body.length && isSpace(body[at]!)) at++;
  return at;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === lineFeed || byte === 0x0d || byte === 0x09;
}

const lineFeed = 0x0a;
const quote = 0x22;
const comma = 0x2c;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
