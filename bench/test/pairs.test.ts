import { describe, expect, test } from '@jest/globals';
import type { Measured } from '../src/tools/measured.ts';
import { runPairs, summarise } from '../src/tools/pairs.ts';

const measured = (seconds: number, cpuSeconds = seconds): Measured => ({
  records: 1_000,
  seconds,
  cpuSeconds,
  peakRssBytes: seconds * 100,
});

describe('pairs of ours and the floor', () => {
  test('alternate, and the warm-up does not count', async () => {
    const order: string[] = [];
    const contender = (name: string) => (run: number) => {
      order.push(`${name}${run}`);
      return Promise.resolve(measured(run + 1));
    };
    const pairs = await runPairs({ runs: 2, ours: contender('o'), floor: contender('f') });
    expect(order).toEqual(['o0', 'f0', 'f1', 'o1', 'o2', 'f2']);
    expect(pairs.map(({ ours }) => ours.seconds)).toEqual([2, 3]);
  });

  test('are summed up by the median of the ratios, ours over the floor', () => {
    const summary = summarise('x', [
      { ours: measured(2, 4), floor: measured(1, 1) },
      { ours: measured(1, 1), floor: measured(1, 1) },
      { ours: measured(4, 2), floor: measured(1, 1) },
    ]);
    expect(summary).toMatchObject({
      name: 'x',
      ratio: 0.5,
      cpuRatio: 2,
      runs: 3,
      min: 0.25,
      max: 1,
      peakMemoryBytes: 400,
      oursPerSecond: 500,
      floorPerSecond: 1_000,
    });
  });
});
