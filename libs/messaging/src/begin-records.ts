import type { KafkaMessage } from 'kafkajs';
import type { AssignedPartition } from './assigned-partition.ts';
import { toRawRecord } from './raw-record.ts';
import type { WorkItem } from './work.ts';

/** Work for each record of a fetched batch that this assignment has not begun before. */
export function beginRecords(owner: AssignedPartition, messages: readonly KafkaMessage[]): WorkItem[] {
  const firstSeenMs = Date.now();
  const items: WorkItem[] = [];
  for (const message of messages) {
    const raw = toRawRecord(owner, message);
    if (owner.begin(raw)) items.push({ raw, owner, firstSeenMs, firstFailedAtMs: undefined, attempt: 1 });
  }
  return items;
}
