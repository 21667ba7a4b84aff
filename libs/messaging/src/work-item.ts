import type { Topic } from '@prodsentinel/contracts';
import type { AssignedPartition } from './assigned-partition.ts';
import type { RawRecord } from './dead-letters.ts';
import type { RecordHeaders } from './record-headers.ts';

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
  firstFailedAtMs: number | undefined;
  /** 1 for the first try in this process. */
  attempt: number;
}

/** The record as Kafka held it. */
export function toRawRecord({ owner, offset, timestampMs, key, value, headers }: WorkItem): RawRecord {
  const { topic, partition } = owner;
  return { topic: topic as Topic, partition, offset, timestampMs, key, value, headers };
}
