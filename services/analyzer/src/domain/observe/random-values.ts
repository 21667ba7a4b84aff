import { isDigitCode, isHexCode, isLetterCode, isLowerCode, isUpperCode } from './character-classes.ts';

/** Whether all of these characters are hexadecimal digits. */
export function isHexBetween(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (!isHexCode(text.charCodeAt(i))) return false;
  return end > start;
}

const leastHex = 32;
const leastMixed = 24;
const mostChars = 256;

/**
 * Whether a value looks made up by a random generator: 32 hexadecimal digits and more with letters among them, or 24
 * characters and more of capitals, small letters and digits, without the dots and blanks of a path, a name or a text.
 */
export function looksRandom(text: string, start: number, end: number): boolean {
  if (end - start < leastMixed || end - start > mostChars) return false;
  let digits = 0;
  let lower = 0;
  let upper = 0;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (isDigitCode(code)) digits++;
    else if (isLowerCode(code)) lower++;
    else if (isUpperCode(code)) upper++;
    else if (isLetterCode(code) || !isJoinCode(code)) return false;
  }
  if (digits < 2 || lower + upper < 2) return false;
  return lower >= 2 && upper >= 2 ? true : end - start >= leastHex && isHexBetween(text, start, end);
}

/** `+ - / = _`, as in base64. */
const isJoinCode = (code: number): boolean =>
  code === 43 || code === 45 || code === 47 || code === 61 || code === 95;
