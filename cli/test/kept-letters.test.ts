import { expect, test } from '@jest/globals';
import { toStoredDeadLetter, type HeaderValue, type StoredDeadLetter } from '@prodsentinel/messaging';
import { KeptLetters } from '../src/dead-letters/kept-letters.ts';

interface Given {
  readonly offset?: number;
  readonly partition?: number;
  readonly key?: Buffer | null;
  readonly value?: Buffer | null;
  readonly rawHeaders?: Record<string, HeaderValue>;
}

function letterOf({ offset = 0, partition = 0, key = null, value = null, rawHeaders = {} }: Given) {
  const record = { partition, offset, key, value, timestampMs: 0, rawHeaders, headers: {} };
  return toStoredDeadLetter('failures', record, undefined);
}

function keep(limits: { count: number; bytes: number }, letters: readonly StoredDeadLetter[]) {
  const kept = new KeptLetters(limits);
  for (const letter of letters) kept.offer(letter);
  return kept.found;
}

test('those that were found are kept in order, and the others are counted', () => {
  const given = [
    letterOf({ partition: 1, offset: 4 }),
    letterOf({ offset: 10 }),
    letterOf({ offset: 9 }),
    letterOf({ offset: 8 }),
  ];
  const { letters, more } = keep({ count: 3, bytes: 1_000 }, given);
  expect(letters).toEqual([given[2], given[1], given[0]]);
  expect(more).toBe(1);
});

test.each<[string, Given]>([
  ['value', { value: Buffer.alloc(60) }],
  ['key', { key: Buffer.alloc(60) }],
  ['header', { rawHeaders: { a: Buffer.alloc(60) } }],
  ['header that comes several times', { rawHeaders: { a: [Buffer.alloc(30), Buffer.alloc(30)] } }],
  ['header name', { rawHeaders: { ['a'.repeat(60)]: undefined } }],
])('the bytes of a %s count against the limit, which the first may exceed', (_what, given) => {
  const letters = [letterOf(given), letterOf(given)];
  expect(keep({ count: 10, bytes: 119 }, letters)).toEqual({ letters: letters.slice(0, 1), more: 1 });
  expect(keep({ count: 10, bytes: 10 }, letters)).toEqual({ letters: letters.slice(0, 1), more: 1 });
  expect(keep({ count: 10, bytes: 130 }, letters)).toEqual({ letters, more: 0 });
});

test('what is kept does not hold the answer of Kafka that it came with', () => {
  const answer = Buffer.alloc(1024 * 1024, 'x');
  const given = letterOf({
    key: answer.subarray(0, 3),
    value: answer.subarray(3, 10),
    rawHeaders: { a: answer.subarray(10, 12), b: [answer.subarray(12, 14), 'text'], c: undefined },
  });
  const { letters } = keep({ count: 1, bytes: 100 }, [given]);
  expect(letters).toEqual([given]);
  const { key, value, rawHeaders } = letters[0]!.record;
  for (const each of [key, value, ...Object.values(rawHeaders).flat()])
    if (Buffer.isBuffer(each)) expect(each.buffer).not.toBe(answer.buffer);
});
