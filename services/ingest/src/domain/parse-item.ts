import { JsonFault } from './json-fault.ts';
import { locateJsonFault } from './locate-json-fault.ts';

/** What is known of a text before it is parsed: what is surely not in it is not looked for. */
export interface ParseHints {
  /** A number that a double does not hold. */
  readonly mayHoldHardNumber: boolean;
  /** A UTF-16 unit as an escape (`\\u` and four digits). */
  readonly mayHoldEscapedUnit: boolean;
}

/**
 * Parses the JSON of one item. Two things that JSON can say and JavaScript or UTF-8 cannot hold are kept from being
 * damaged silently: a number that a double would round or turn into infinity stays as its text, and half a surrogate pair
 * becomes U+FFFD.
 *
 * @param offset of the text's first byte in the body
 * @throws JsonFault with the byte of the body at which the text stops being JSON
 */
export function parseItem(text: string, offset: number, hints: ParseHints): unknown {
  const isSound = !hints.mayHoldEscapedUnit || !halfSurrogateEscape.test(text);
  const sound = isSound ? text : text.replaceAll(escapes, replaceHalfPair);
  try {
    return hints.mayHoldHardNumber ? JSON.parse(sound, keepHardNumbers as Reviver) : JSON.parse(sound);
  } catch {
    throw locateFault(text, offset);
  }
}

/** The fault of a text that is not JSON and begins at byte `offset` of the body. */
export function locateFault(text: string, offset: number): JsonFault {
  const { at, expected } = locateJsonFault(text);
  return new JsonFault(offset + Buffer.byteLength(text.slice(0, at)), expected);
}

type Reviver = (this: unknown, key: string, value: unknown) => unknown;

const halfSurrogateEscape = /\\u[dD][89a-fA-F]/;
// Every escape in turn, so that a backslash before another one is never taken for the start of \u.
const escapes =
  /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\[^]/g;

function replaceHalfPair(escape: string): string {
  return escape.length === '\\ud800'.length ? '\\ufffd' : escape;
}

const plainInteger = /^-?\d+$/;

/** The third argument of a reviver (TC39 JSON.parse source text access) is not in TypeScript's library yet. */
function keepHardNumbers(_key: string, value: unknown, context: { source?: string }): unknown {
  if (typeof value !== 'number' || context.source === undefined) return value;
  const isRounded = !Number.isSafeInteger(value) && plainInteger.test(context.source);
  return isRounded || !Number.isFinite(value) ? context.source : value;
}
