import { expect, test } from '@jest/globals';
import { Oracle } from '../src/index.ts';

test('an acknowledged id that is not seen is lost; one of unknown outcome is not', () => {
  const oracle = new Oracle();
  const [kept, lost, open, silent] = oracle.issue(4) as [string, string, string, string];
  oracle.acknowledge([kept, lost]);
  oracle.unknown([open]);
  const account = oracle.account([kept, silent]);
  expect(account).toMatchObject({
    lost: [lost],
    neverIssued: [],
    acknowledged: 2,
    unknown: 2,
    unknownSeen: 1,
  });
});

test('ids of a stranger, repetitions and what was seen although it was refused are told apart', () => {
  const oracle = new Oracle();
  const [twice, refused] = oracle.issue(2) as [string, string];
  oracle.acknowledge([twice]);
  oracle.refuse([refused]);
  const account = oracle.account([twice, twice, twice, refused, 'stranger']);
  expect(account.neverIssued).toEqual(['stranger']);
  expect(account.seenThoughRefused).toEqual([refused]);
  expect([...account.doubled]).toEqual([[twice, 3]]);
  expect(account.extraSightings).toBe(2);
  expect(account.lost).toEqual([]);
});

test('an oracle settles only what it issued', () => {
  expect(() => new Oracle().acknowledge(['x'])).toThrow('not issued');
});
