import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { foldOffsets } from '../src/domain/fold-offsets.ts';
import { parseObservation } from '../src/domain/observation.ts';
import { observationOf, windowOf } from './observations.ts';

function fold(...windows: ReturnType<typeof windowOf>[]) {
  return foldOffsets([parseObservation(observationOf(windows))]);
}

describe('folding the windows of a batch', () => {
  test('an offset goes to the first window that brings it', () => {
    const { shares } = fold(windowOf('t', [1, 2]), windowOf('t', [2, 3, 5]));
    expect(shares).toEqual([
      { key: 0, window: 0, offsets: '{[1,3)}', failures: 2 },
      { key: 0, window: 1, offsets: '{[3,4),[5,6)}', failures: 2 },
    ]);
  });

  test('offsets in any order, some of them twice, are counted once and in order', () => {
    const { keys, shares } = fold(windowOf('t', [7, 3, 7, 4]), windowOf('t', [4, 5, 3]));
    expect(keys).toMatchObject([{ offsets: '{[3,6),[7,8)}' }]);
    expect(shares).toEqual([
      { key: 0, window: 0, offsets: '{[3,5),[7,8)}', failures: 3 },
      { key: 0, window: 1, offsets: '{[5,6)}', failures: 1 },
    ]);
  });

  test('a window that only repeats has no share', () => {
    const { keys, shares } = fold(windowOf('t', [1, 2]), windowOf('t', [2, 1]));
    expect(keys).toMatchObject([{ offsets: '{[1,3)}' }]);
    expect(shares.map(({ window }) => window)).toEqual([0]);
  });

  test('offsets on both sides of a multiple of 4096 are in two rows', () => {
    const { keys } = fold(windowOf('t', [4095, 4096]));
    expect(keys.map(({ block, offsets }) => [block, offsets])).toEqual([
      [0, '{[4095,4096)}'],
      [1, '{[4096,4097)}'],
    ]);
  });

  test('keys come in one order, whatever the order of the windows: that is the order of the locks', () => {
    const windows = ['b', 'a', 'é', '', 'c'].flatMap((traceId) => [
      windowOf(traceId, [9, 5000]),
      windowOf(traceId, [1], { partition: 1 }),
    ]);
    const inOrder = fold(...windows).keys;
    fc.assert(
      fc.property(fc.shuffledSubarray(windows, { minLength: windows.length }), (shuffled) => {
        expect(fold(...shuffled).keys).toEqual(inOrder);
      }),
    );
  });
});
