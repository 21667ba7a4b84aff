import type { EachBatchPayload } from 'kafkajs';
import { beginFetched, fetchedOffsetOf } from './backlog.ts';
import type { ConsumerParts } from './consumer-parts.ts';
import { ownName } from './kafka-client.ts';

/** Takes what was fetched of one partition, and hands it to the worker: kafkajs waits for this, and for no handler. */
export async function takeIn(
  { connection, state, assignments, resets, halts, crashes, worker, fetching }: ConsumerParts,
  { batch, ...of }: EachBatchPayload,
): Promise<void> {
  const topic = ownName(connection, batch.topic);
  const assigned = assignments.get(topic, batch.partition);
  // Where a seek is waiting, reading goes on elsewhere: what was begun here would make that seem to be seen.
  if (!assigned || state.isDraining || of.isStale()) return;
  const bounds = { first: fetchedOffsetOf(batch), high: Number(batch.highWatermark) };
  const owner = resets.ownerOf(assigned, bounds);
  await halts.check(owner);
  await crashes?.marks.before(owner, Number(batch.lastOffset()) + 1, bounds.high);
  if (owner.isLost || state.isDraining) return;
  if (owner.haltReason !== undefined) {
    owner.resumeAt ??= bounds.first;
    return;
  }
  owner.highWatermark = bounds.high;
  worker.add(beginFetched(owner, batch));
  fetching.pauseWhenHigh(owner);
}
