import { expect, test } from '@jest/globals';
import { parseObservation } from '../src/domain/observation.ts';
import { shareOut } from '../src/domain/share-out.ts';
import { observationOf, windowOf } from './observations.ts';

const ofSizes = (...sizes: number[]) =>
  sizes.map((size) =>
    parseObservation(
      observationOf(Array.from({ length: size }, (_, index) => windowOf(`t${index}`, [index]))),
    ),
  );

test.each([
  [
    'fills a share to the bound',
    [2, 1, 1, 2],
    [
      [2, 1],
      [1, 2],
    ],
  ],
  ['counts what is larger than the bound alone', [1, 7, 1], [[1], [7], [1]]],
  ['keeps what fits together', [1, 1, 1], [[1, 1, 1]]],
  ['shares nothing out of nothing', [], []],
])('%s', (_, sizes, shares) => {
  const observations = ofSizes(...sizes);
  const shared = shareOut(observations, 3);
  expect(shared.map((share) => share.map(({ windows }) => windows.length))).toEqual(shares);
  expect(shared.flat()).toEqual(observations);
});
