import type { Batch, KafkaMessage } from 'kafkajs';
import type { AssignedPartition } from './assigned-partition.ts';
import { RecordChunk } from './record-chunk.ts';
import { addHeader, noHeaders, type RecordHeaders } from './record-headers.ts';
import type { WorkItem } from './work-item.ts';

/** Records of one assignment that were begun and wait to be worked on, in order. */
export interface Backlog {
  readonly owner: AssignedPartition;
  /** How many are left. */
  readonly size: number;
  /** The next of them, at most so many. */
  take(max: number): WorkItem[];
}

/** Records that were taken before, and wait once more. */
export class TakenBacklog implements Backlog {
  readonly owner: AssignedPartition;
  #items: WorkItem[];

  constructor(owner: AssignedPartition, items: WorkItem[]) {
    this.owner = owner;
    this.#items = items;
  }

  get size(): number {
    return this.#items.length;
  }

  take(max: number): WorkItem[] {
    return this.#items.splice(0, max);
  }
}

/**
 * Records as they were fetched. Those that the assignment has seen before, or that lie before the offset that was asked for,
 * are passed over.
 */
class FetchedBacklog implements Backlog {
  readonly owner: AssignedPartition;
  readonly #parts: { readonly chunk: RecordChunk; left: number }[] = [];
  #size = 0;

  /** Begins the records: their offsets are open from now on. */
  constructor(owner: AssignedPartition, chunks: readonly RecordChunk[], askedOffset: number) {
    this.owner = owner;
    for (const chunk of chunks) {
      const left = chunk.isContiguous
        ? beginRun(owner, chunk, askedOffset)
        : beginEach(owner, chunk, askedOffset);
      if (left === 0) continue;
      owner.begin(left, chunk.records.bytesLeft);
      this.#parts.push({ chunk, left });
      this.#size += left;
    }
  }

  get size(): number {
    return this.#size;
  }

  take(max: number): WorkItem[] {
    const items: WorkItem[] = [];
    for (let part = this.#parts[0]; part && items.length < max; part = this.#parts[0]) {
      const count = Math.min(part.left, max - items.length);
      for (let i = 0; i < count; i++) items.push(takeNext(this.owner, part.chunk));
      part.left -= count;
      if (part.left === 0) this.#parts.shift();
    }
    this.#size -= items.length;
    return items;
  }
}

function takeNext(owner: AssignedPartition, { header, records }: RecordChunk): WorkItem {
  const { offsetDelta, timestampDelta, key, value, headers, bytes } = records.read();
  return {
    owner,
    offset: header.firstOffset + offsetDelta,
    timestampMs: header.appendedAtMs ?? header.firstTimestampMs + timestampDelta,
    key,
    value,
    headers,
    bytes,
    firstFailedAtMs: undefined,
    attempt: 1,
  };
}

/** Answers how many records were begun; the others have been skipped. */
function beginRun(
  { tracker }: AssignedPartition,
  { header, records }: RecordChunk,
  askedOffset: number,
): number {
  const { firstOffset, count, firstTimestampMs, appendedAtMs } = header;
  const from = Math.max(firstOffset, askedOffset, tracker.next ?? 0);
  const begun = Math.max(0, firstOffset + count - from);
  for (let i = begun; i < count; i++) records.skip();
  if (begun > 0) tracker.beginRun(from, begun, appendedAtMs ?? firstTimestampMs);
  return begun;
}

/** The same where offsets are missing in between: the log was compacted. */
function beginEach(
  { tracker }: AssignedPartition,
  { header, records }: RecordChunk,
  askedOffset: number,
): number {
  const { firstOffset, count, firstTimestampMs, appendedAtMs } = header;
  let begun = 0;
  for (const offsetDelta of records.peekOffsetDeltas(count)) {
    const offset = firstOffset + offsetDelta;
    if (offset >= askedOffset && tracker.begin(offset, appendedAtMs ?? firstTimestampMs)) begun += 1;
    // Those before the first that is begun are the lowest.
    else records.skip();
  }
  return begun;
}

/** What kafkajs hands over of one partition; its types leave out the offset that was asked for. */
type Fetched = Pick<Batch, 'messages'> & { readonly fetchedOffset?: string };

/** The offset from which a batch was asked for: a record batch of the log may begin before it. */
export function fetchedOffsetOf({ fetchedOffset }: Fetched): number {
  return Number(fetchedOffset);
}

/** Begins what was fetched of a partition: the offsets of its records are open from now on. */
export function beginFetched(owner: AssignedPartition, batch: Fetched): Backlog {
  const messages: readonly unknown[] = batch.messages;
  if (isChunks(messages)) return new FetchedBacklog(owner, messages, fetchedOffsetOf(batch));
  return beginMessages(owner, batch.messages);
}

/** The same for messages of a format before Kafka 0.11, or of a broker before 2.3: kafkajs has made objects of them. */
function beginMessages(owner: AssignedPartition, messages: readonly KafkaMessage[]): Backlog {
  const items: WorkItem[] = [];
  for (const message of messages) {
    const item = toItem(owner, message);
    if (!owner.tracker.begin(item.offset, item.timestampMs)) continue;
    owner.begin(1, item.bytes);
    items.push(item);
  }
  return new TakenBacklog(owner, items);
}

function toItem(
  owner: AssignedPartition,
  { offset, timestamp, key, value, headers }: KafkaMessage,
): WorkItem {
  return {
    owner,
    offset: Number(offset),
    timestampMs: Number(timestamp),
    key,
    value,
    headers: toRecordHeaders(headers ?? {}),
    bytes: (key?.length ?? 0) + (value?.length ?? 0),
    firstFailedAtMs: undefined,
    attempt: 1,
  };
}

function toRecordHeaders(headers: NonNullable<KafkaMessage['headers']>): RecordHeaders {
  const names = Object.keys(headers);
  if (names.length === 0) return noHeaders;
  const all = Object.create(null) as Record<string, Buffer | Buffer[]>;
  for (const name of names)
    for (const value of [headers[name] ?? ''].flat()) addHeader(all, name, Buffer.from(value));
  return all;
}

function isChunks(messages: readonly unknown[]): messages is readonly RecordChunk[] {
  return messages[0] instanceof RecordChunk;
}
