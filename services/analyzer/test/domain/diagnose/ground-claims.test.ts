import { expect, test } from '@jest/globals';
import { groundClaims } from '../../../src/domain/diagnose/ground-claims.ts';
import { signal } from './build-request.ts';

const evidence = [
  signal('e1', 'inventory', 'PoolExhaustedError: size 10'),
  signal('e2', 'gateway', '502 Bad Gateway', { stack: 'Error: upstream\n  at x' }),
];
const claim = (evidenceIds: string[], quotes: string[], text = 'The pool ran dry.') => ({
  text,
  evidenceIds,
  quotes,
});

test('A claim is kept when all it cites was there, in message or stack', () => {
  const claims = [claim(['e1'], ['PoolExhausted']), claim(['e2', 'e1'], ['Error: upstream', 'size 10'])];
  expect(groundClaims(claims, evidence)).toEqual({ claims, dropped: 0, cited: evidence });
});

test.each([
  ['an id that was not sent', claim(['e9'], ['size 10'])],
  ['one id of several that was not sent', claim(['e1', 'e9'], ['size 10'])],
  ['a quote that is not there', claim(['e1'], ['size 11'])],
  ['a quote of a signal it does not cite', claim(['e1'], ['Bad Gateway'])],
  ['a quote in other letters', claim(['e1'], ['poolexhausted'])],
  ['no evidence', claim([], ['size 10'])],
  ['no quote', claim(['e1'], [])],
  ['a quote that is found anywhere', claim(['e1'], ['e'])],
  ['a quote of blanks', claim(['e1'], ['   '])],
  ['no words', claim(['e1'], ['size 10'], ' ')],
  [
    'more quotes than a claim may have',
    claim(
      ['e1'],
      Array.from({ length: 11 }, () => 'size 10'),
    ),
  ],
])('A claim is dropped and counted for %s', (_, bad) => {
  const good = claim(['e1'], ['size 10']);
  const grounded = groundClaims([bad, good], evidence);
  expect(grounded).toEqual({ claims: [good], dropped: 1, cited: [evidence[0]] });
});

test('An empty evidence id cannot be cited', () => {
  expect(groundClaims([claim([''], ['text'])], [signal('', 'a', 'text')]).claims).toEqual([]);
});

test('Claims beyond the most that are kept are counted as dropped, and a long quote is shortened to a quote', () => {
  const long = signal('e1', 'a', 'x'.repeat(5_000));
  const grounded = groundClaims(
    Array.from({ length: 50 }, () => claim(['e1'], ['x'.repeat(2_000)])),
    [long],
  );
  expect([grounded.claims.length, grounded.dropped]).toEqual([20, 30]);
  expect(grounded.claims[0]?.quotes[0]).toBe('x'.repeat(300));
});
