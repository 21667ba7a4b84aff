import { crc32c } from './crc32c.ts';

/** A record as kafkajs is given it; without a timestamp of its own. */
export interface RecordToWrite {
  readonly key?: Buffer | string | null;
  readonly value: Buffer | string | null;
  readonly headers?: Readonly<Record<string, HeaderToWrite | HeaderToWrite[]>>;
}

type HeaderToWrite = Buffer | string;

/** What one request to a broker asks for: the body of Produce, versions 3 to 7, without compression or transaction. */
export interface ProduceBody {
  readonly acks: number;
  /** Milliseconds that the broker may wait for its replicas. */
  readonly timeout: number;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  /** Milliseconds since 1970: when the records were made, by our clock. */
  readonly timestampMs: number;
  readonly topicData: readonly {
    readonly topic: string;
    readonly partitions: readonly {
      /** kafkajs has it as text. */
      readonly partition: number | string;
      /** Of the first record, in the sequence of this producer and partition. */
      readonly firstSequence: number;
      readonly messages: readonly RecordToWrite[];
    }[];
  }[];
}

/**
 * The bytes of a request's body, written once into a buffer of their size.
 *
 * @param roomBytes that are free before it, in the same memory
 */
export function encodeProduceBody(body: ProduceBody, roomBytes = 0): Buffer {
  const recordSizes: number[] = [];
  const writer = new Writer(roomBytes + sizeOfBody(body, recordSizes));
  writer.skip(roomBytes);
  writer.int16(-1);
  writer.int16(body.acks);
  writer.int32(body.timeout);
  writer.int32(body.topicData.length);
  let written = 0;
  for (const { topic, partitions } of body.topicData) {
    writer.int16(Buffer.byteLength(topic));
    writer.text(topic);
    writer.int32(partitions.length);
    for (const each of partitions) {
      const sizes = recordSizes.slice(written, written + each.messages.length);
      written += sizes.length;
      writeBatch(writer, body, each, sizes);
    }
  }
  return writer.bytes.subarray(roomBytes);
}

type Partition = ProduceBody['topicData'][number]['partitions'][number];

/** Up to the checksum, and from it to the first record. */
const batchHeadBytes = 8 + 4 + 4 + 1 + 4;
const checkedHeadBytes = 2 + 4 + 8 + 8 + 8 + 2 + 4 + 4;
const magic = 2;

function writeBatch(
  writer: Writer,
  body: ProduceBody,
  { partition, ...batch }: Partition,
  sizes: number[],
): void {
  const { messages, firstSequence } = batch;
  const timestampMs = BigInt(body.timestampMs);
  const recordsBytes = sizes.reduce((sum, size) => sum + sizeOfVarint(size) + size, 0);
  writer.int32(Number(partition));
  writer.int32(batchHeadBytes + checkedHeadBytes + recordsBytes);
  writer.int64(0n);
  writer.int32(batchHeadBytes - 12 + checkedHeadBytes + recordsBytes);
  writer.int32(0);
  writer.int8(magic);
  const checksumAt = writer.skip(4);
  writer.int16(0);
  writer.int32(messages.length - 1);
  writer.int64(timestampMs);
  writer.int64(timestampMs);
  writer.int64(body.producerId);
  writer.int16(body.producerEpoch);
  writer.int32(firstSequence);
  writer.int32(messages.length);
  for (const [offsetDelta, message] of messages.entries()) {
    writer.varint(sizes[offsetDelta]!);
    writeRecord(writer, message, offsetDelta);
  }
  writer.checksum(checksumAt);
}

function writeRecord(writer: Writer, { key, value, headers }: RecordToWrite, offsetDelta: number): void {
  writer.int8(0);
  // All records of a batch have its timestamp.
  writer.varint(0);
  writer.varint(offsetDelta);
  writer.sizedBytes(key);
  writer.sizedBytes(value);
  if (!headers) return writer.varint(0);
  const pairs = pairsOf(headers);
  writer.varint(pairs.length);
  for (const [name, each] of pairs) {
    writer.sizedBytes(name);
    writer.sizedBytes(each);
  }
}

function sizeOfBody({ topicData }: ProduceBody, recordSizes: number[]): number {
  let bytes = 2 + 2 + 4 + 4;
  for (const { topic, partitions } of topicData) {
    bytes += 2 + Buffer.byteLength(topic) + 4;
    for (const { messages } of partitions) {
      bytes += 4 + 4 + batchHeadBytes + checkedHeadBytes;
      for (const [offsetDelta, message] of messages.entries()) {
        const size = sizeOfRecord(message, offsetDelta);
        recordSizes.push(size);
        bytes += sizeOfVarint(size) + size;
      }
    }
  }
  return bytes;
}

function sizeOfRecord({ key, value, headers }: RecordToWrite, offsetDelta: number): number {
  const bytes = 1 + 1 + sizeOfVarint(offsetDelta) + sizeOfBytes(key) + sizeOfBytes(value);
  if (!headers) return bytes + 1;
  const pairs = pairsOf(headers);
  return pairs.reduce(
    (sum, [name, each]) => sum + sizeOfBytes(name) + sizeOfBytes(each),
    bytes + sizeOfVarint(pairs.length),
  );
}

function pairsOf(headers: NonNullable<RecordToWrite['headers']>): [name: string, value: HeaderToWrite][] {
  const pairs: [string, HeaderToWrite][] = [];
  for (const name of Object.keys(headers)) {
    const value = headers[name]!;
    if (Array.isArray(value)) for (const each of value) pairs.push([name, each]);
    else pairs.push([name, value]);
  }
  return pairs;
}

function sizeOfBytes(value: Buffer | string | null | undefined): number {
  if (value === null || value === undefined) return 1;
  const bytes = typeof value === 'string' ? Buffer.byteLength(value) : value.length;
  return sizeOfVarint(bytes) + bytes;
}

/** Of a whole number from 0 on, or -1. */
function sizeOfVarint(value: number): number {
  let rest = value < 0 ? 1 : value * 2;
  let bytes = 1;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}

class Writer {
  readonly bytes: Buffer;
  #at = 0;

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(size);
  }

  int8(value: number): void {
    this.#at = this.bytes.writeInt8(value, this.#at);
  }

  int16(value: number): void {
    this.#at = this.bytes.writeInt16BE(value, this.#at);
  }

  int32(value: number): void {
    this.#at = this.bytes.writeInt32BE(value, this.#at);
  }

  int64(value: bigint): void {
    this.#at = this.bytes.writeBigInt64BE(value, this.#at);
  }

  /** Zigzag, seven bits a byte. */
  varint(value: number): void {
    let rest = value < 0 ? 1 : value * 2;
    for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) this.bytes[this.#at++] = (rest & 0x7f) | 0x80;
    this.bytes[this.#at++] = rest;
  }

  sizedBytes(value: Buffer | string | null | undefined): void {
    if (value === null || value === undefined) return this.varint(-1);
    if (typeof value === 'string') {
      this.varint(Buffer.byteLength(value));
      return this.text(value);
    }
    this.varint(value.length);
    this.bytes.set(value, this.#at);
    this.#at += value.length;
  }

  text(value: string): void {
    this.#at += this.bytes.write(value, this.#at);
  }

  /** Leaves bytes to be written later; returns where they are. */
  skip(bytes: number): number {
    const at = this.#at;
    this.#at += bytes;
    return at;
  }

  /** Writes the CRC-32C of all that stands behind it so far. */
  checksum(at: number): void {
    this.bytes.writeUInt32BE(crc32c(this.bytes, at + 4, this.#at), at);
  }
}
