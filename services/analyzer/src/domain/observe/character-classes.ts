/**
 * Classes of characters, for scanners that walk character codes. Everything beyond ASCII counts as a letter; so does nothing
 * (NaN, past the end of a text) as anything.
 */
const digit = 1;
const lower = 2;
const upper = 4;
const hex = 8;
const underscore = 16;
const space = 32;

const classes = new Uint8Array(128);
for (let code = 0; code < 128; code++) {
  const character = String.fromCharCode(code);
  if (code <= 32) classes[code] = space;
  if (character >= '0' && character <= '9') classes[code] = digit | hex;
  if (character >= 'a' && character <= 'z') classes[code] = lower;
  if (character >= 'A' && character <= 'Z') classes[code] = upper;
  if ('abcdefABCDEF'.includes(character)) classes[code]! |= hex;
}
classes['_'.charCodeAt(0)] = underscore;

export const isDigitCode = (code: number): boolean => code < 128 && (classes[code]! & digit) !== 0;

export const isLowerCode = (code: number): boolean => code < 128 && (classes[code]! & lower) !== 0;

export const isUpperCode = (code: number): boolean => code < 128 && (classes[code]! & upper) !== 0;

export const isHexCode = (code: number): boolean => code < 128 && (classes[code]! & hex) !== 0;

export const isSpaceCode = (code: number): boolean => code <= 32;

export const isLetterCode = (code: number): boolean =>
  code < 128 ? (classes[code]! & (lower | upper)) !== 0 : code >= 128;

/** Letters, digits and the underscore. */
export const isWordCode = (code: number): boolean =>
  code < 128 ? (classes[code]! & (lower | upper | digit | underscore)) !== 0 : code >= 128;

/**
 * The same without what is beyond ASCII: quotation marks, full-width punctuation and whole scripts without spaces stand there,
 * and no key or number goes on in them.
 */
export const isAsciiWordCode = (code: number): boolean => code < 128 && isWordCode(code);

/** The character codes of an ASCII text, as a set to look up in. */
export const codesOf = (text: string): ReadonlySet<number> =>
  new Set(Array.from(text, (character) => character.charCodeAt(0)));
