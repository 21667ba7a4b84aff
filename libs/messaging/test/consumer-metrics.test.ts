import { expect, test } from '@jest/globals';
import { AggregatorRegistry, Registry } from 'prom-client';
import { createConsumerMetrics, type PartitionStanding } from '../src/consumer-metrics.ts';

function memberWith(standing: Partial<PartitionStanding>): Registry {
  const registry = new Registry();
  const all: PartitionStanding = {
    topic: 'failures',
    partition: 3,
    lagRecords: 0,
    oldestUnfinishedSeconds: 0,
    inFlight: 0,
    inFlightBytes: 0,
    isPaused: false,
    isHalted: false,
    ...standing,
  };
  createConsumerMetrics(registry, 'observe', { standings: () => [all], hanging: () => 0 });
  return registry;
}

test('of a partition that two threads believe to have, the lag is not added up; what each has in flight is', async () => {
  // The first has not heard yet that the other has it now.
  const members = [
    memberWith({ lagRecords: 40, oldestUnfinishedSeconds: 9, inFlight: 2 }),
    memberWith({ lagRecords: 50, oldestUnfinishedSeconds: 7, inFlight: 5 }),
  ];
  const metrics = await Promise.all(members.map((each) => each.getMetricsAsJSON()));
  const text = await AggregatorRegistry.aggregate(metrics).metrics();
  const valueOf = (name: string) =>
    Number(new RegExp(`^prodsentinel_${name}{.*} (\\S+)$`, 'm').exec(text)?.[1]);
  expect(valueOf('kafka_consumer_lag')).toBe(50);
  expect(valueOf('kafka_consumer_oldest_unfinished_seconds')).toBe(9);
  expect(valueOf('consumer_inflight')).toBe(7);
});
