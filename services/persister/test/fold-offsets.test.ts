import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { blockName, foldOffsets } from '../src/domain/fold-offsets.ts';
import { parseObservation } from '../src/domain/observation.ts';
import { observationOf, windowOf } from './observations.ts';

type Windows = readonly ReturnType<typeof windowOf>[];

function fold(windows: Windows, known?: ReadonlyMap<string, Uint8Array>) {
  return foldOffsets([parseObservation(observationOf([...windows]))], known);
}

/** The offsets whose bits are set. */
function offsetsOf({ blocks }: ReturnType<typeof fold>): number[] {
  return blocks.flatMap(({ block, counted }) =>
    Array.from({ length: 1024 }, (_, bit) => bit)
      .filter((bit) => ((counted[Math.floor(bit / 8)] ?? 0) & (1 << (7 - (bit % 8)))) !== 0)
      .map((bit) => block * 1024 + bit),
  );
}

describe('folding the windows of a batch', () => {
  test('an offset goes to the first window that brings it', () => {
    const folded = fold([windowOf('t', [1, 2]), windowOf('t', [2, 3, 5])]);
    expect(folded.failures).toEqual([2, 2]);
    expect(offsetsOf(folded)).toEqual([1, 2, 3, 5]);
  });

  test('offsets in any order, some of them twice, are counted once', () => {
    const folded = fold([windowOf('t', [7, 3, 7, 4]), windowOf('u', [4, 5, 3])]);
    expect(folded.failures).toEqual([3, 1]);
    expect(offsetsOf(folded)).toEqual([3, 4, 5, 7]);
  });

  test('what is known goes to no window, and a block without anything new is left out', () => {
    const windows = [windowOf('t', [1, 2, 2000]), windowOf('t', [3])];
    const before = fold([windowOf('t', [1, 3, 2000])]);
    const known = new Map(before.blocks.map((each) => [blockName(each), each.counted]));
    const folded = fold(windows, known);
    expect(folded.failures).toEqual([1, 0]);
    expect(offsetsOf(folded)).toEqual([2]);
    expect(folded.blocks).toHaveLength(1);
  });

  test('offsets on both sides of a multiple of 1024 are in two rows', () => {
    const { blocks } = fold([windowOf('t', [1023, 1024])]);
    expect(blocks.map(({ block, counted }) => [block, counted.indexOf(1), counted.indexOf(0x80)])).toEqual([
      [0, 127, -1],
      [1, -1, 0],
    ]);
  });

  test('the greatest offsets keep their places', () => {
    const greatest = Number.MAX_SAFE_INTEGER - 1;
    const offsets = [greatest - 1024, greatest - 3, greatest];
    expect(offsetsOf(fold([windowOf('t', offsets)]))).toEqual(offsets);
  });

  test('the same offsets of another partition or append hour are others', () => {
    const later = windowOf('t', [1], { at: 1.8e15 });
    const { blocks, failures } = fold([
      windowOf('t', [1]),
      windowOf('t', [1], { partition: 1 }),
      later,
      windowOf('t', [1]),
    ]);
    expect(failures).toEqual([1, 1, 1, 0]);
    expect(blocks).toHaveLength(3);
  });

  test('blocks come in one order, whatever the order of the windows: that is the order of the locks', () => {
    const windows = [9, 5000, 100_000].flatMap((offset) => [
      windowOf('t', [offset]),
      windowOf('t', [offset], { partition: 1 }),
      windowOf('t', [offset], { partition: 11, at: 1.8e15 }),
    ]);
    const inOrder = fold(windows).blocks;
    fc.assert(
      fc.property(fc.shuffledSubarray(windows, { minLength: windows.length }), (shuffled) => {
        expect(fold(shuffled).blocks).toEqual(inOrder);
      }),
    );
  });
});
