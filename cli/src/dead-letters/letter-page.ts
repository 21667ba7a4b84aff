import { printable } from '../terminal-text.ts';
import type { LetterView } from './letter-view.ts';

/** For a person at a terminal; headers that say the same as a line above them are left out. */
export function renderLetter(view: LetterView): string[] {
  const { topic, partition, offset, code, reason, stage, lastFailedAt, redrives, source, key } = view;
  const from = source ? placeOf(source, view.batchLastOffset) : 'nobody knows where';
  const facts: readonly (readonly [string, string])[] = [
    ['code', code],
    ['reason', reason],
    ['stage', stage],
    ['came from', from],
    ['set aside', `${lastFailedAt}${redrives > 0 ? `, redriven ${redrives} times before` : ''}`],
    ['key', key ?? '(none)'],
  ];
  return [
    `${topic} ${partition}/${offset}`,
    ...facts.map(([name, text]) => printable(`${name}: ${text}`)),
    'headers:',
    ...Object.entries(view.headers).map(([name, text]) => `  ${printable(`${name}: ${text}`)}`),
    ...renderValue(view),
  ];
}

function placeOf(
  { topic, partition, offset, timestampMs }: NonNullable<LetterView['source']>,
  lastOffset: number | undefined,
): string {
  const end = lastOffset === undefined ? '' : ` to ${lastOffset}`;
  return `${topic} ${partition}/${offset}${end}, there since ${new Date(timestampMs).toISOString()}`;
}

function renderValue({ bytes, value, notDecoded }: LetterView): string[] {
  if (bytes === null) return ['value: none'];
  const why = notDecoded === undefined ? '' : `, not decoded: ${notDecoded}`;
  const shown = printable(`value, ${bytes} bytes${why}`);
  if (value === undefined) return [shown];
  const text = typeof value === 'string' ? value : JSON.stringify(value, undefined, 2);
  return [`${shown}:`, ...text.split('\n').map((line) => `  ${indentOf(line)}${printable(line)}`)];
}

/** `printable` takes the spaces at the beginning, too. */
function indentOf(line: string): string {
  return /^ */.exec(line)?.[0] ?? '';
}
