/** Classes of the ASCII characters, for scanners that walk character codes; everything above counts as a letter. */
export const isDigitCode = (code: number): boolean => code >= 48 && code <= 57;

export const isLowerCode = (code: number): boolean => code >= 97 && code <= 122;

export const isUpperCode = (code: number): boolean => code >= 65 && code <= 90;

export const isLetterCode = (code: number): boolean => isLowerCode(code | 32) || code >= 128;

export const isWordCode = (code: number): boolean => isLetterCode(code) || isDigitCode(code) || code === 95;

export const isSpaceCode = (code: number): boolean => code <= 32;

export const isHexCode = (code: number): boolean =>
  isDigitCode(code) || ((code | 32) >= 97 && (code | 32) <= 102);

/** The character codes of an ASCII text, as a set to look up in. */
export const codesOf = (text: string): ReadonlySet<number> =>
  new Set(Array.from(text, (character) => character.charCodeAt(0)));
