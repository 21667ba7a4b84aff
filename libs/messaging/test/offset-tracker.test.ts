import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { OffsetTracker } from '../src/offset-tracker.ts';

test('nothing seen: nothing to commit', () => {
  expect(new OffsetTracker().lowWater).toBeUndefined();
});

test('the low-water mark waits for the lowest open offset and then jumps', () => {
  const tracker = new OffsetTracker();
  for (const offset of [10, 11, 12]) tracker.begin(offset);
  tracker.finish(11);
  tracker.finish(12);
  expect(tracker.lowWater).toBe(10);
  tracker.finish(10);
  expect(tracker.lowWater).toBe(13);
});

test('what was sent again is not begun again, open or finished', () => {
  const tracker = new OffsetTracker();
  tracker.begin(5);
  tracker.begin(6);
  tracker.finish(5);
  expect([tracker.begin(5), tracker.begin(6), tracker.begin(7)]).toEqual([false, false, true]);
});

test('what was skipped is not waited for, what is open below it is', () => {
  const tracker = new OffsetTracker();
  tracker.begin(5);
  tracker.skipTo(30);
  expect([tracker.lowWater, tracker.begin(29), tracker.begin(30)]).toEqual([5, false, true]);
  tracker.finish(5);
  tracker.finish(30);
  tracker.skipTo(10);
  expect(tracker.lowWater).toBe(31);
});

test('agrees with a model that remembers everything, for completions in any order and deliveries sent again', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('deliver' as const), gap: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ kind: fc.constant('deliverRun' as const), count: fc.integer({ min: 1, max: 100 }) }),
    fc.record({ kind: fc.constant('redeliver' as const), pick: fc.nat() }),
    fc.record({ kind: fc.constant('finish' as const), pick: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const tracker = new OffsetTracker();
      const delivered: number[] = [];
      const finished = new Set<number>();
      let lastLowWater = -1;
      for (const each of steps) {
        if (each.kind === 'deliver') {
          const offset = (delivered.at(-1) ?? 0) + each.gap;
          expect(tracker.begin(offset)).toBe(true);
          delivered.push(offset);
        } else if (each.kind === 'deliverRun') {
          const first = (delivered.at(-1) ?? 0) + 1;
          tracker.beginRun(first, each.count, 0);
          for (let i = 0; i < each.count; i++) delivered.push(first + i);
          expect(delivered.slice(-each.count).every((offset) => tracker.isOpen(offset))).toBe(true);
        } else if (delivered.length > 0) {
          const offset = delivered[each.pick % delivered.length]!;
          if (each.kind === 'redeliver') expect(tracker.begin(offset)).toBe(false);
          else {
            expect(tracker.finish(offset)).toBe(!finished.has(offset));
            finished.add(offset);
          }
        }
        const open = delivered.filter((offset) => !finished.has(offset));
        const expected = open[0] ?? (delivered.length > 0 ? delivered.at(-1)! + 1 : undefined);
        expect(tracker.lowWater).toBe(expected);
        expect(tracker.openCount).toBe(open.length);
        expect((tracker.lowWater ?? lastLowWater) >= lastLowWater).toBe(true);
        lastLowWater = tracker.lowWater ?? lastLowWater;
      }
    }),
  );
});
