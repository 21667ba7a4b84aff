import { addHeader, noHeaders, type RecordHeaders } from './record-headers.ts';

/** One record of a batch of the log, before it belongs to anybody. */
export interface ReadRecord {
  /** Offset and time as distances from those of the batch. */
  readonly offsetDelta: number;
  readonly timestampDelta: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: RecordHeaders;
  /** What it takes in the log. */
  readonly bytes: number;
}

const noBytes = Buffer.alloc(0);

/** Reads the records of a batch (format 2, not compressed) one after the other. */
export class RecordReader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Bytes of the records that were not read yet. */
  get bytesLeft(): number {
    return this.#bytes.length - this.#position;
  }

  /** @throws RangeError at the end, or when the bytes are no record */
  read(): ReadRecord {
    const start = this.#position;
    const end = this.#readEnd();
    this.#position += 1; // attributes, none is defined
    const timestampDelta = this.#readVarint();
    const offsetDelta = this.#readVarint();
    const key = this.#readBytes();
    const value = this.#readBytes();
    const headers = this.#readHeaders();
    this.#position = end;
    return { offsetDelta, timestampDelta, key, value, headers, bytes: end - start };
  }

  skip(): void {
    this.#position = this.#readEnd();
  }

  #readEnd(): number {
    const length = this.#readVarint();
    const end = this.#position + length;
    if (length < 0 || end > this.#bytes.length)
      throw new RangeError(`a record of ${length} bytes where ${this.bytesLeft} are left`);
    return end;
  }

  #readBytes(): Buffer | null {
    const length = this.#readVarint();
    if (length < 0) return null;
    const start = this.#position;
    this.#position += length;
    return this.#bytes.subarray(start, this.#position);
  }

  #readHeaders(): RecordHeaders {
    const count = this.#readVarint();
    if (count <= 0) return noHeaders;
    const headers = Object.create(null) as Record<string, Buffer | Buffer[]>;
    for (let i = 0; i < count; i++) {
      const name = this.#readBytes() ?? noBytes;
      // kafkajs cannot write a header without a value, and a dead letter keeps the headers of its record.
      addHeader(headers, name.toString('utf8'), this.#readBytes() ?? noBytes);
    }
    return headers;
  }

  /** Zigzag, up to 53 bits. */
  #readVarint(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.#position++]!;
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    let value = byte & 0x7f;
    for (let factor = 0x80; byte >= 0x80; factor *= 0x80) {
      byte = bytes[this.#position++]!;
      value += (byte & 0x7f) * factor;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}
