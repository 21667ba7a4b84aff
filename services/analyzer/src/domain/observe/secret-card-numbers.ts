import { isAsciiWordCode, isDigitCode } from './character-classes.ts';
import type { SecretSpan } from './secret-span.ts';

/**
 * A card number that starts at `at`: a known issuer's first digits and length, the Luhn check digit, written in one piece or
 * in the groups that cards are printed in. Looks at 24 characters at most.
 */
export function findCardNumber(text: string, at: number): SecretSpan | undefined {
  if (!isDigitCode(text.charCodeAt(at + 1)) || !isDigitCode(text.charCodeAt(at + 2))) return undefined;
  if (at > 0 && isAsciiWordCode(text.charCodeAt(at - 1))) return undefined;
  let count = 0;
  let groups = '';
  let groupLength = 0;
  let i = at;
  let separator = 0;
  for (; i < text.length && count <= 19; i++) {
    const code = text.charCodeAt(i);
    if (isDigitCode(code)) {
      count++;
      groupLength++;
    } else if ((code === 32 || code === 45) && (separator === 0 || separator === code) && groupLength > 0) {
      if (!isDigitCode(text.charCodeAt(i + 1))) break;
      separator = code;
      groups += `${groupLength}-`;
      groupLength = 0;
    } else break;
  }
  // As nearly all numbers are: too short.
  if (count < 13 || (i < text.length && isAsciiWordCode(text.charCodeAt(i)))) return undefined;
  groups += String(groupLength);
  if (separator !== 0 && !printedGroups.has(groups)) return undefined;
  const digits = text.slice(at, i).replaceAll(/[ -]/g, '');
  return isIssued(digits) && passesLuhn(digits) ? { start: at, end: i, kind: 'card_number' } : undefined;
}

const printedGroups = new Set(['4-4-4-4', '4-6-5', '4-6-4', '4-4-4-4-3']);

function isIssued(digits: string): boolean {
  const length = digits.length;
  const four = Number(digits.slice(0, 4));
  const two = Math.floor(four / 100);
  if (two >= 40 && two <= 49) return length === 13 || length === 16 || length === 19;
  if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720)) return length === 16;
  if (two === 34 || two === 37) return length === 15;
  if (four === 6011 || two === 65 || (four >= 6440 && four <= 6499) || two === 62) {
    return length >= 16 && length <= 19;
  }
  if (two === 35) return length === 16;
  return (two === 30 || two === 36 || two === 38) && length === 14;
}

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = digits.length - 1, double = false; i >= 0; i--, double = !double) {
    const digit = digits.charCodeAt(i) - 48;
    sum += double ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit;
  }
  return sum % 10 === 0;
}
