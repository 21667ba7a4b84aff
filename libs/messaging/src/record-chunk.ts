import { RecordReader } from './record-reader.ts';

/** What the header of a record batch (format 2) says of its records. */
export interface ChunkHeader {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly count: number;
  /** Of the first record; milliseconds since 1970. */
  readonly firstTimestampMs: number;
  /** The time at which the broker appended all of them; undefined where each has its producer's time. */
  readonly appendedAtMs: number | undefined;
  /** Control records, or of a transaction that was aborted: nothing in it is for consumers. */
  readonly isHidden: boolean;
}

/** A record batch as it lies in the log, whose records would be more bytes than are allowed. */
export interface RefusedBatch {
  readonly bytes: Buffer;
  readonly maxBytes: number;
}

/**
 * The records of one record batch of the log, as bytes: an object for each is made only when it is taken. A thousand
 * fetched records that wait cost the garbage collector as much as one.
 *
 * `offset` and `isControlRecord` are what kafkajs' `Batch` asks of a message; it takes a chunk for its last record.
 */
export class RecordChunk {
  readonly header: ChunkHeader;
  readonly records: RecordReader;
  readonly offset: string;
  readonly isControlRecord: boolean;
  /** Present: the records were not unpacked, and there is none to read. */
  readonly refused: RefusedBatch | undefined;

  /** @param bytes the records, not compressed */
  constructor(header: ChunkHeader, bytes: Buffer, refused?: RefusedBatch) {
    this.header = header;
    this.records = new RecordReader(bytes);
    this.offset = String(header.lastOffset);
    this.isControlRecord = header.isHidden;
    this.refused = refused;
  }

  /** False where records were removed in between. */
  get isContiguous(): boolean {
    const { firstOffset, lastOffset, count } = this.header;
    return lastOffset - firstOffset + 1 === count;
  }
}
