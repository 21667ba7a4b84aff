import { expect, test } from '@jest/globals';
import { OpenWindows } from '../src/observe/open-windows.ts';
import { taken } from './domain/observe/signals.ts';

const perPartition = {
  quietMs: 5_000,
  maxAgeMs: 15_000,
  maxOffsets: 10_000,
  maxOpenFailures: 1_000,
  maxKeptChars: 1e9,
};

function open(bounds: { maxOpenFailures: number; maxKeptChars: number }) {
  const windows = new OpenWindows(perPartition, bounds, () => 0);
  const added = { failures: 0 };
  for (let partition = 0; partition < 10; partition++) windows.assigned('failures', partition, 1);
  const add = (partition: number, traceId: string, message = 'm') => {
    added.failures += 1;
    windows.add({ ...taken({ traceId, message }), partition }, 1);
  };
  return { windows, add, added };
}

test('all partitions together hold no more than the bound, and what closes early is not lost', () => {
  const { windows, add, added } = open({ maxOpenFailures: 1_500, maxKeptChars: 1e9 });
  let most = 0;
  for (let i = 0; i < 8_000; i++) {
    add(i % 10, `trace${i}`);
    most = Math.max(most, windows.openFailures);
  }
  expect(most).toBeLessThanOrEqual(1_500);
  expect(most).toBeGreaterThan(1_000);
  const closed = windows.takeAll();
  expect(closed.reduce((sum, { failures }) => sum + failures.length, 0)).toBe(added.failures);
});

test('so do their texts: the partition that holds most closes first, the others keep gathering', () => {
  const { windows, add } = open({ maxOpenFailures: 1e6, maxKeptChars: 100_000 });
  add(1, 'small');
  for (let i = 0; i < 200; i++) {
    add(2, `big${i}`, `${'word '.repeat(400)}end`);
    expect(windows.keptChars).toBeLessThanOrEqual(100_000);
  }
  const closed = windows.takeDue(() => false);
  expect(closed.length).toBeGreaterThan(0);
  expect(closed.filter(({ traceId }) => traceId === 'small')).toEqual([]);
});
