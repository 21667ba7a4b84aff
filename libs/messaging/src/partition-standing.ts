import type { AssignedPartition } from './assigned-partition.ts';
import type { PartitionStanding } from './consumer-metrics.ts';

/** How a partition stands now, for whoever watches from outside. */
export function toStanding(owner: AssignedPartition, nowMs: number): PartitionStanding {
  const { topic, partition, tracker, highWatermark, isPaused, activeBytes } = owner;
  const { lowWater, oldestTimestampMs } = tracker;
  const isKnown = lowWater !== undefined && highWatermark !== undefined;
  return {
    topic,
    partition,
    lagRecords: isKnown ? Math.max(0, highWatermark - lowWater) : undefined,
    oldestUnfinishedSeconds:
      oldestTimestampMs === undefined ? 0 : Math.max(0, (nowMs - oldestTimestampMs) / 1000),
    inFlight: tracker.openCount,
    inFlightBytes: activeBytes,
    isPaused,
    isHalted: owner.haltReason !== undefined,
  };
}
