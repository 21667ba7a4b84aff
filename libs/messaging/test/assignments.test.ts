import { expect, test } from '@jest/globals';
import { Assignments } from '../src/assignments.ts';

function recorded() {
  const events: string[] = [];
  const assignments = new Assignments({
    assigned: (topic, partition) => events.push(`+${topic}/${partition}`),
    lost: (topic, partition) => events.push(`-${topic}/${partition}`),
  });
  return { assignments, take: () => events.splice(0) };
}

test('a partition that is kept keeps its epoch and what is in flight', () => {
  const { assignments, take } = recorded();
  assignments.joined('m1', { failures: [0, 1] });
  const kept = assignments.get('failures', 0);
  assignments.joined('m1', { failures: [0] });
  expect(take()).toEqual(['+failures/0', '+failures/1', '-failures/1']);
  expect(assignments.get('failures', 0)).toBe(kept);
  expect(assignments.get('failures', 1)).toBeUndefined();
});

test('a partition that was lost and given back has a new epoch, and the old one is refused', () => {
  const { assignments } = recorded();
  assignments.joined('m1', { failures: [0] });
  const first = assignments.get('failures', 0)!;
  assignments.joined('m1', {});
  assignments.joined('m1', { failures: [0] });
  const second = assignments.get('failures', 0)!;
  expect(first.isLost).toBe(true);
  expect(second.isLost).toBe(false);
  expect(second.epoch).toBeGreaterThan(first.epoch);
});

test('a member that comes back under another id was evicted: it has lost even what it is given back', () => {
  const { assignments, take } = recorded();
  assignments.joined('m1', { failures: [0] });
  const first = assignments.get('failures', 0)!;
  assignments.joined('m2', { failures: [0] });
  expect(take()).toEqual(['+failures/0', '-failures/0', '+failures/0']);
  expect(first.isLost).toBe(true);
});
