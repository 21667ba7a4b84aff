import { limits } from './limits.ts';
import { cutToBytes, toStorableText } from './storable-text.ts';

/**
 * A trace or span id as it is compared: lower case, at most 128 bytes, without blanks around; empty when it is absent, all
 * zero or one of the placeholders that loggers write for "none".
 */
export function toTraceId(text: string | null): string {
  if (text === null || text === '') return '';
  // As nearly all are.
  if (plainId.test(text) && !isAllZero(text)) return text;
  const id = cutToBytes(toStorableText(text, limits.idBytes).trim().toLowerCase(), limits.idBytes);
  return placeholders.has(id) || isAllZero(id) ? '' : id;
}

const plainId = /^[0-9a-f]{16,128}$/;

const placeholders = new Set([
  '',
  '-',
  '--',
  'null',
  'nil',
  'none',
  'undefined',
  'unknown',
  'n/a',
  'na',
  'nan',
  '(null)',
  '<null>',
  '""',
  '?',
]);

function isAllZero(id: string): boolean {
  for (let i = 0; i < id.length; i++) {
    const code = id.charCodeAt(i);
    if (code !== 48 && code !== 45) return false;
  }
  return true;
}
