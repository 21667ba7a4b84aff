import { styleText } from 'node:util';
import type { Severity } from '@prodsentinel/contracts';

/**
 * A text from outside, safe to print: control and direction-changing characters become spaces, so that a log message can
 * neither move the cursor nor hide what it says.
 */
export function printable(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')
    .replaceAll(/ {2,}/g, ' ')
    .trim();
}

/**
 * Breaks a text into lines of at most `width` characters, at spaces where there are any, and cuts what goes beyond
 * `maxLines` with an ellipsis.
 */
export function wrapText(text: string, width: number, maxLines: number): string[] {
  const lines: string[] = [];
  let rest = text.trim();
  while (rest.length > 0 && lines.length < maxLines) {
    if (rest.length <= width) return [...lines, rest];
    const spaceAt = rest.lastIndexOf(' ', width);
    // A break that leaves a third of the line empty is worse than a broken word.
    const end = spaceAt > width * 0.6 ? spaceAt : width;
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  const last = lines.length - 1;
  if (rest.length > 0 && last >= 0) lines[last] = `${lines[last]!.slice(0, width - 1)}…`;
  return lines;
}

export type Style = 'dim' | 'bold' | Severity;

const stylesOf = {
  dim: ['dim'],
  bold: ['bold'],
  low: ['cyan'],
  medium: ['yellow'],
  high: ['red'],
  critical: ['red', 'bold'],
} as const;

/** Paints texts when the console has colours, else leaves them as they are. */
export function createPainter(isColourful: boolean): (style: Style, text: string) => string {
  return (style, text) =>
    isColourful ? styleText([...stylesOf[style]], text, { validateStream: false }) : text;
}
