import type { Topic } from '@prodsentinel/contracts';
import type { AssignedPartition } from './assigned-partition.ts';
import { batchLastOffsetHeader, type RawRecord } from './dead-letters.ts';
import type { RecordHeaders } from './record-headers.ts';

/** Records that are set aside together, from the offset of their item on. */
export interface RefusedRun {
  readonly lastOffset: number;
  readonly code: string;
  readonly reason: string;
}

/** One record at work, with the assignment it belongs to. */
export interface WorkItem {
  readonly owner: AssignedPartition;
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: RecordHeaders;
  /** What it takes in the log. */
  readonly bytes: number;
  /** Present: no record, but a whole record batch that is set aside unread; the value is its bytes. */
  readonly refused: RefusedRun | undefined;
  firstFailedAtMs: number | undefined;
  /** 1 for the first try in this process. */
  attempt: number;
}

/** The record as Kafka held it; or the whole batch, which says itself up to which offset it goes. */
export function toRawRecord({ owner, offset, timestampMs, key, value, ...item }: WorkItem): RawRecord {
  const { topic, partition } = owner;
  const headers = item.refused
    ? { [batchLastOffsetHeader]: Buffer.from(String(item.refused.lastOffset)) }
    : item.headers;
  return { topic: topic as Topic, partition, offset, timestampMs, key, value, headers };
}
