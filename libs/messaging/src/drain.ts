import { describeError, withDeadline } from '@prodsentinel/kernel';
import type { AssignedPartition } from './assigned-partition.ts';
import type { ConsumerMetrics } from './consumer-metrics.ts';
import type { MessagingLogger } from './kafka-client.ts';
import type { Worker } from './worker.ts';

export interface DrainOptions {
  readonly worker: Worker;
  readonly partitions: readonly AssignedPartition[];
  /** Milliseconds that handlers at work get. */
  readonly limitMs: number;
  readonly metrics: ConsumerMetrics;
  readonly logger: MessagingLogger;
}

/** Waits for the handlers at work. False when they did not end within the limit: what is abandoned is named in the log. */
export async function drainWorker({
  worker,
  partitions,
  limitMs,
  metrics,
  logger,
}: DrainOptions): Promise<boolean> {
  const startedMs = performance.now();
  const seconds = () => (performance.now() - startedMs) / 1000;
  try {
    await withDeadline('draining', limitMs, worker.drain());
    metrics.drained(seconds(), true);
    return true;
  } catch (error) {
    metrics.drained(seconds(), false);
    const abandoned = partitions.filter(({ activeRecords }) => activeRecords > 0);
    const offsets = abandoned.map(
      ({ topic, partition, tracker }) => `${topic}/${partition}@${tracker.lowWater}`,
    );
    logger.error({ event: 'drain_abandoned', offsets }, describeError(error));
    return false;
  }
}
