import { cut } from './bounded-text.ts';
import { limits } from './limits.ts';

/** What masking puts in the place of what varies. */
const mask = '<*>';

/**
 * Whether a message can have become this template: the template's fixed parts stand in it in order. White space counts
 * as one blank; a template may be shorter than the message, because templates keep the first lines only.
 */
export function fitsTemplate(message: string, template: string): boolean {
  const flat = cut(message, limits.lineCharacters).replaceAll(/\s+/g, ' ');
  const parts = cut(template, limits.lineCharacters)
    .replaceAll(/\s+/g, ' ')
    .split(mask)
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (parts.length === 0) return false;
  let from = 0;
  for (const part of parts) {
    const at = flat.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return true;
}
