import type { Batch, KafkaMessage } from 'kafkajs';
import type { AssignedPartition } from './assigned-partition.ts';
import { RecordChunk, type RefusedBatch } from './record-chunk.ts';
import { addHeader, noHeaders, type RecordHeaders } from './record-headers.ts';
import type { ReadRecord } from './record-reader.ts';
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

/** The records of one chunk without a gap: an object for each is made when it is taken. */
class ChunkBacklog implements Backlog {
  readonly owner: AssignedPartition;
  readonly #chunk: RecordChunk;
  #next: number;
  #size: number;

  /**
   * Begins the records: their offsets are open from now on. Those that the assignment has seen before, or that lie before
   * the offset that was asked for, are passed over.
   */
  constructor(owner: AssignedPartition, chunk: RecordChunk, askedOffset: number) {
    const { firstOffset, count } = chunk.header;
    this.owner = owner;
    this.#chunk = chunk;
    this.#next = Math.max(firstOffset, askedOffset, owner.tracker.next ?? 0);
    this.#size = Math.max(0, firstOffset + count - this.#next);
    for (let i = this.#size; i < count; i++) chunk.records.skip();
    if (this.#size === 0) return;
    owner.tracker.beginRun(this.#next, this.#size, timestampOf(chunk, 0));
    owner.begin(this.#size, chunk.records.bytesLeft);
  }

  get size(): number {
    return this.#size;
  }

  take(max: number): WorkItem[] {
    const items: WorkItem[] = [];
    for (const count = Math.min(this.#size, max); items.length < count;)
      // Brokers take what a producer writes as the offset of a record (measured with Kafka 4), and count by themselves.
      items.push(toItem(this.owner, this.#chunk, this.#chunk.records.read(), this.#next++));
    this.#size -= items.length;
    return items;
  }
}

/** The same where offsets are missing in between: the log was compacted. That is rare: the objects are made at once. */
function beginEach(owner: AssignedPartition, chunk: RecordChunk, askedOffset: number): Backlog {
  const items: WorkItem[] = [];
  for (let i = 0; i < chunk.header.count; i++) {
    const record = chunk.records.read();
    const item = toItem(owner, chunk, record, chunk.header.firstOffset + record.offsetDelta);
    if (item.offset < askedOffset || !owner.tracker.begin(item.offset, item.timestampMs)) continue;
    owner.begin(1, item.bytes);
    items.push(item);
  }
  return new TakenBacklog(owner, items);
}

/** Several of one assignment, one behind the other. */
class BacklogRow implements Backlog {
  readonly owner: AssignedPartition;
  readonly #parts: Backlog[];
  #size: number;

  constructor(owner: AssignedPartition, parts: readonly Backlog[]) {
    this.owner = owner;
    this.#parts = parts.filter(({ size }) => size > 0);
    this.#size = this.#parts.reduce((sum, { size }) => sum + size, 0);
  }

  get size(): number {
    return this.#size;
  }

  take(max: number): WorkItem[] {
    const items: WorkItem[] = [];
    for (let part = this.#parts[0]; part && items.length < max; part = this.#parts[0]) {
      for (const item of part.take(max - items.length)) items.push(item);
      if (part.size === 0) this.#parts.shift();
    }
    this.#size -= items.length;
    return items;
  }
}

/** A batch that was not unpacked is one piece of work, which stands for all of its offsets. */
function beginRefused(
  owner: AssignedPartition,
  chunk: RecordChunk,
  { bytes: value, maxBytes }: RefusedBatch,
  askedOffset: number,
): Backlog {
  const { firstOffset, lastOffset, count } = chunk.header;
  const offset = Math.max(firstOffset, askedOffset, owner.tracker.next ?? 0);
  if (offset > lastOffset) return new TakenBacklog(owner, []);
  const timestampMs = timestampOf(chunk, 0);
  owner.tracker.begin(offset, timestampMs);
  owner.tracker.skipTo(lastOffset + 1);
  const bytes = value.length;
  owner.begin(1, bytes);
  const reason = `offsets ${firstOffset} to ${lastOffset}, ${count} records in one batch of ${bytes} bytes, unpack to more than ${maxBytes} bytes (UNPACKED_BATCH_BYTES_MAX)`;
  const refused = { lastOffset, code: 'batch_too_large', reason };
  const work = { key: null, headers: noHeaders, firstFailedAtMs: undefined, attempt: 1 };
  return new TakenBacklog(owner, [{ owner, offset, timestampMs, value, bytes, refused, ...work }]);
}

function toItem(owner: AssignedPartition, chunk: RecordChunk, record: ReadRecord, offset: number): WorkItem {
  const { key, value, headers, bytes } = record;
  return {
    owner,
    offset,
    timestampMs: timestampOf(chunk, record.timestampDelta),
    key,
    value,
    headers,
    bytes,
    refused: undefined,
    firstFailedAtMs: undefined,
    attempt: 1,
  };
}

function timestampOf({ header }: RecordChunk, delta: number): number {
  return header.appendedAtMs ?? header.firstTimestampMs + delta;
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
  if (!isChunks(messages)) return beginMessages(owner, batch.messages);
  const askedOffset = fetchedOffsetOf(batch);
  const parts = messages.map((chunk) => {
    if (chunk.refused) return beginRefused(owner, chunk, chunk.refused, askedOffset);
    if (chunk.isContiguous) return new ChunkBacklog(owner, chunk, askedOffset);
    return beginEach(owner, chunk, askedOffset);
  });
  return new BacklogRow(owner, parts);
}

/** The same for messages of a format before Kafka 0.11, or of a broker before 2.3: kafkajs has made objects of them. */
function beginMessages(owner: AssignedPartition, messages: readonly KafkaMessage[]): Backlog {
  const items: WorkItem[] = [];
  for (const message of messages) {
    const item = fromMessage(owner, message);
    if (!owner.tracker.begin(item.offset, item.timestampMs)) continue;
    owner.begin(1, item.bytes);
    items.push(item);
  }
  return new TakenBacklog(owner, items);
}

function fromMessage(
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
    refused: undefined,
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
