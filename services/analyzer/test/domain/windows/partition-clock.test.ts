import { expect, test } from '@jest/globals';
import { PartitionClock } from '../../../src/domain/windows/partition-clock.ts';

test('runs by what is read, not by how fast it is read', () => {
  const clock = new PartitionClock(0);
  clock.read(1_000_000, 1);
  clock.read(1_060_000, 2);
  expect(clock.nowMs).toBe(1_060_000);
});

test('never goes back, whatever append times come', () => {
  const clock = new PartitionClock(0);
  clock.read(1_000_000, 0);
  clock.tick(5_000, false);
  expect(clock.nowMs).toBe(1_005_000);
  clock.read(1_001_000, 5_001);
  expect(clock.nowMs).toBe(1_005_000);
});

test('stands still for the first second without records', () => {
  const clock = new PartitionClock(0);
  clock.read(1_000_000, 0);
  clock.tick(999, false);
  expect(clock.nowMs).toBe(1_000_000);
});

test('stands still while fetching is paused: what was not read yet may belong to an open window', () => {
  const clock = new PartitionClock(0);
  clock.read(1_000_000, 0);
  clock.tick(60_000, true);
  clock.tick(60_500, false);
  expect(clock.nowMs).toBe(1_000_000);
  clock.tick(61_000, false);
  expect(clock.nowMs).toBe(1_001_000);
});

test('does not start before the first record', () => {
  const clock = new PartitionClock(0);
  clock.tick(60_000, false);
  expect(clock.nowMs).toBe(0);
});
