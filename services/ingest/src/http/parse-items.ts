import { isUtf8 } from 'node:buffer';
import { JsonFault, placeOf } from '../domain/json-fault.ts';
import { locateFault, parseItem } from '../domain/parse-item.ts';
import { splitJson, splitLines, TooManyItems, type ItemSlice } from '../domain/split-items.ts';
import type { Framing } from './media-type.ts';
import { HttpProblem } from './problem.ts';

export interface ItemLimits {
  readonly maxItems: number;
  readonly maxItemBytes: number;
  readonly maxDepth: number;
}

/** One item of a body: parsed, or refused for its size or depth without having been parsed. */
export type ParsedItem =
  | { readonly kind: 'parsed'; readonly json: unknown; readonly bytes: number }
  | {
      readonly kind: 'oversized';
      readonly code: 'item_too_large' | 'item_too_deep';
      readonly reason: string;
    };

/**
 * Cuts a body into items and parses them one by one, as they are asked for.
 *
 * @throws HttpProblem 400 with the place when the body is not UTF-8 or not JSON, 413 when it has too many items; also
 *   while iterating
 */
export function* parseItems(body: Buffer, framing: Framing, limits: ItemLimits): Generator<ParsedItem> {
  const text = withoutByteOrderMark(body);
  if (!isUtf8(text)) throw malformed(text, offsetOfBadUtf8(text), 'the body is not UTF-8');
  const slices = orProblem(text, () => split(text, framing, limits.maxItems));
  if (slices.length === 0 && (framing === 'lines' || text.length === 0)) throw emptyBody();
  const mayHoldEscapedUnit = text.includes('\\u');
  for (const slice of slices) {
    yield checkSize(slice, limits) ?? parseSlice(text, slice, mayHoldEscapedUnit);
  }
}

function parseSlice(body: Buffer, slice: ItemSlice, mayHoldEscapedUnit: boolean): ParsedItem {
  const { start, end, mayHoldHardNumber } = slice;
  try {
    const json = parseItem(body.toString('utf8', start, end), start, {
      mayHoldHardNumber,
      mayHoldEscapedUnit,
    });
    return { kind: 'parsed', json, bytes: end - start };
  } catch (error) {
    throw toProblem(body, error);
  }
}

function split(body: Buffer, framing: Framing, maxItems: number): ItemSlice[] {
  if (framing === 'lines') return splitLines(body, maxItems);
  try {
    return splitJson(body, maxItems);
  } catch (error) {
    if (!(error instanceof JsonFault) || body.length > maxLocatedBytes) throw error;
    // Where the array breaks is often far behind its cause, a quote that was forgotten.
    throw locateFault(body.toString('utf8'), 0);
  }
}

/** Looking for the cause costs up to 60 ms a megabyte: beyond this size the place is where the array breaks. */
const maxLocatedBytes = 1024 * 1024;

function checkSize({ start, end, depth }: ItemSlice, limits: ItemLimits): ParsedItem | undefined {
  if (end - start > limits.maxItemBytes) {
    const reason = `larger than ${limits.maxItemBytes} bytes (MAX_ITEM_BYTES)`;
    return { kind: 'oversized', code: 'item_too_large', reason };
  }
  if (depth > limits.maxDepth) {
    const reason = `nested deeper than ${limits.maxDepth} (MAX_NESTING_DEPTH)`;
    return { kind: 'oversized', code: 'item_too_deep', reason };
  }
  return undefined;
}

function orProblem<T>(body: Buffer, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toProblem(body, error);
  }
}

function toProblem(body: Buffer, error: unknown): unknown {
  if (error instanceof JsonFault) {
    if (body.toString('latin1').trim() === '') return emptyBody();
    return malformed(body, error.offset, `malformed JSON: ${error.message}`);
  }
  if (error instanceof TooManyItems) {
    return new HttpProblem(413, 'too_many_items', `the body holds ${error.message} (MAX_ITEMS)`);
  }
  return error;
}

function malformed(body: Buffer, offset: number, what: string): HttpProblem {
  const place = placeOf(body, offset);
  const where = `line ${place.line}, column ${place.column} (byte ${place.offset})`;
  return new HttpProblem(400, 'malformed_body', `${what}, at ${where}; nothing was sent`, {
    members: { place },
  });
}

function emptyBody(): HttpProblem {
  return new HttpProblem(400, 'empty_body', 'the body is empty: expected a JSON object, an array, or NDJSON');
}

function withoutByteOrderMark(body: Buffer): Buffer {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? body.subarray(3) : body;
}

/** The first byte that decodes to U+FFFD without being the encoding of one. */
function offsetOfBadUtf8(body: Buffer): number {
  const text = body.toString('utf8');
  let offset = 0;
  let start = 0;
  for (let at = text.indexOf('\ufffd'); at !== -1; at = text.indexOf('\ufffd', start)) {
    offset += Buffer.byteLength(text.slice(start, at));
    const isReal = body[offset] === 0xef && body[offset + 1] === 0xbf && body[offset + 2] === 0xbd;
    if (!isReal) return offset;
    offset += 3;
    start = at + 1;
  }
  return offset;
}
