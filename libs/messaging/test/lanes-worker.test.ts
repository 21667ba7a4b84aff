import { expect, test } from '@jest/globals';
import type { AssignedPartition } from '../src/assigned-partition.ts';
import { LanesWorker } from '../src/lanes-worker.ts';
import { TakenBacklog } from '../src/backlog.ts';
import type { WorkContext } from '../src/work.ts';
import type { WorkItem } from '../src/work-item.ts';

function openLanes(count: number) {
  const told: (string | undefined)[] = [];
  const lanes: { context: WorkContext; partitions: number[]; isDrained: boolean }[] = [];
  const worker = new LanesWorker(
    count,
    { onTrouble: (reason: string | undefined) => told.push(reason) } as unknown as WorkContext,
    (context) => {
      const lane = { context, partitions: [] as number[], isDrained: false };
      lanes.push(lane);
      return {
        add: ({ owner }) => void lane.partitions.push(owner.partition),
        drain: async () => {
          lane.isDrained = true;
        },
      };
    },
  );
  return { worker, lanes, told };
}

const backlogOf = (partition: number) => {
  const owner = { topic: 'observations', partition } as AssignedPartition;
  return new TakenBacklog(owner, [{ owner } as WorkItem]);
};

test('a partition keeps its lane, and each lane has its share', () => {
  const { worker, lanes } = openLanes(2);
  for (const partition of [0, 1, 2, 3, 0, 1]) worker.add(backlogOf(partition));
  expect(lanes.map(({ partitions }) => partitions)).toEqual([
    [0, 2, 0],
    [1, 3, 1],
  ]);
});

test('of every second partition, as one of two members has them, each lane has its share, too', () => {
  const { worker, lanes } = openLanes(2);
  for (const partition of [1, 3, 5, 7, 3]) worker.add(backlogOf(partition));
  expect(lanes.map(({ partitions }) => partitions)).toEqual([
    [1, 5],
    [3, 7, 3],
  ]);
});

test('trouble ends when no lane has any', () => {
  const { lanes, told } = openLanes(2);
  lanes[0]?.context.onTrouble('PostgreSQL is away');
  lanes[1]?.context.onTrouble(undefined);
  lanes[0]?.context.onTrouble(undefined);
  expect(told).toEqual(['PostgreSQL is away', 'PostgreSQL is away', undefined]);
});

test('draining waits for every lane', async () => {
  const { worker, lanes } = openLanes(3);
  await worker.drain();
  expect(lanes.map(({ isDrained }) => isDrained)).toEqual([true, true, true]);
});
