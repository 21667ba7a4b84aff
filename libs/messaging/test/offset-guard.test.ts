import { expect, test } from '@jest/globals';
import { resetKindOf } from '../src/offset-guard.ts';

test.each([
  ['nothing committed is no reset', -1, undefined],
  ['what kafkajs commits by itself is a reset', -2, 'reset'],
  ['an offset below the first record has expired', 9, 'expired'],
  ['the first record is within', 10, undefined],
  ['the end is within', 20, undefined],
  ['an offset beyond the end is of another topic of this name', 21, 'recreated'],
])('%s', (_name, committed, kind) => {
  expect(resetKindOf({ committed, low: 10, high: 20 })).toBe(kind);
});
