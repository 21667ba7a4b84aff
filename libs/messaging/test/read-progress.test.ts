import { expect, test } from '@jest/globals';
import { ReadProgress } from '../src/read-progress.ts';

function read(bounds: [partition: number, from: number, end: number][], given: [number, number][]) {
  const progress = new ReadProgress(
    new Map(bounds.map(([partition, from, end]) => [partition, { from, end }])),
  );
  const taken = given.filter(([partition, offset]) => progress.advance(partition, offset));
  return { taken, isComplete: progress.isComplete };
}

test('a reading takes what lies between its bounds', () => {
  const bounds: [number, number, number][] = [
    [0, 1, 3],
    [1, 0, 1],
    [2, 5, 5],
  ];
  expect(read(bounds, [])).toEqual({ taken: [], isComplete: false });
  const given: [number, number][] = [
    [0, 0],
    [0, 1],
    [1, 0],
    [2, 5],
    [3, 0],
    [0, 2],
    [0, 3],
  ];
  const taken = [given[1], given[2], given[5]];
  expect(read(bounds, given)).toEqual({ taken, isComplete: true });
});

test('what comes again is taken once, and does not stand for what is still to come', () => {
  const given: [number, number][] = [
    [0, 0],
    [0, 1],
    [0, 0],
    [0, 1],
  ];
  expect(read([[0, 0, 4]], given)).toEqual({ taken: given.slice(0, 2), isComplete: false });
});

test('a reading ends although Kafka removed records of it meanwhile', () => {
  expect(read([[0, 0, 4]], [[0, 3]])).toEqual({ taken: [[0, 3]], isComplete: true });
  expect(read([[0, 0, 4]], [[0, 9]])).toEqual({ taken: [], isComplete: true });
});
