import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AssignedPartition } from '../src/assigned-partition.ts';
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

test('epochs agree with a model through joins, revocations, evictions, redeliveries and tasks that end late', () => {
  const partitions = [0, 1, 2];
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('join' as const),
      held: fc.subarray(partitions),
      isNewMember: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant('deliver' as const),
      partition: fc.nat(2),
      count: fc.integer({ min: 1, max: 4 }),
    }),
    fc.record({ kind: fc.constant('finish' as const), pick: fc.nat() }),
    fc.record({ kind: fc.constant('commit' as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      const assignments = new Assignments();
      /** By the model: what the group has committed, the current epoch of what is held, and each task ever begun. */
      const committed = new Map<number, number>();
      const held = new Map<number, number>();
      const tasks: { partition: number; offset: number; owner: AssignedPartition; isFinished: boolean }[] =
        [];
      let member = 1;
      let lastEpoch = 0;
      for (const each of steps) {
        if (each.kind === 'join') {
          if (each.isNewMember) member += 1;
          const before = new Map(held);
          assignments.joined(`m${member}`, { failures: each.held });
          held.clear();
          for (const partition of each.held) {
            const { epoch } = assignments.get('failures', partition)!;
            const isKept = !each.isNewMember && before.has(partition);
            if (isKept) expect(epoch).toBe(before.get(partition));
            else expect(epoch).toBeGreaterThan(lastEpoch);
            held.set(partition, epoch);
          }
          lastEpoch = Math.max(lastEpoch, ...held.values());
        } else if (each.kind === 'deliver') {
          // Kafka sends again from the last commit, whatever was given out before.
          const owner = assignments.get('failures', each.partition);
          expect(owner?.epoch).toBe(held.get(each.partition));
          if (!owner) continue;
          const from = committed.get(each.partition) ?? 0;
          const known = tasks.filter((task) => task.owner === owner).map(({ offset }) => offset);
          for (let offset = from; offset < from + known.length + each.count; offset++) {
            const isNew = owner.tracker.begin(offset);
            expect(isNew).toBe(!known.includes(offset) && offset > Math.max(-1, ...known));
            if (isNew) tasks.push({ partition: each.partition, offset, owner, isFinished: false });
          }
        } else if (each.kind === 'finish' && tasks.length > 0) {
          const task = tasks[each.pick % tasks.length]!;
          expect(task.owner.tracker.finish(task.offset)).toBe(!task.isFinished);
          task.isFinished = true;
          // A task of a lost assignment moves nothing that is held now.
          expect(task.owner.isLost).toBe(assignments.get('failures', task.partition) !== task.owner);
        } else if (each.kind === 'commit') {
          for (const { partition, tracker } of assignments.all) {
            if (tracker.lowWater !== undefined) committed.set(partition, tracker.lowWater);
          }
          for (const [partition, low] of committed) {
            const everFinished = new Set(
              tasks
                .filter((task) => task.partition === partition && task.isFinished)
                .map(({ offset }) => offset),
            );
            for (let offset = 0; offset < low; offset++) expect(everFinished.has(offset)).toBe(true);
          }
        }
      }
    }),
  );
});
