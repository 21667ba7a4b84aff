import { RecordChunk } from './record-chunk.ts';
import type { UnpackBudget } from './unpack-budget.ts';
import { unpackers } from './unpack.ts';

/** A transaction that was aborted, as the broker names it beside the records that were fetched. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: number;
}

/** Bytes from the start of a record batch to its length, and to its records. */
const lengthAt = 8;
const bodyAt = 12;
const recordsAt = 61;
const format = 2;

const logAppendTime = 0x08;
const transactional = 0x10;
const control = 0x20;
const compression = 0x07;
const noBytes = Buffer.alloc(0);

/** Whether the bytes begin with a batch of the format that brokers write since Kafka 0.11. */
export function isRecordBatch(bytes: Buffer): boolean {
  return bytes.length > 16 && bytes[16] === format;
}

/**
 * The record batches in what was fetched of one partition, up to the first that is not whole: brokers cut at a number of
 * bytes. Nor is more unpacked than the budget allows: the rest is left for the next fetch.
 *
 * @param aborted in ascending order of their first offsets
 * @throws RangeError when the bytes are no record batch
 */
export async function readChunks(
  bytes: Buffer,
  aborted: readonly AbortedTransaction[],
  budget: UnpackBudget,
): Promise<RecordChunk[]> {
  const chunks: RecordChunk[] = [];
  const transactions = new Transactions(aborted);
  for (let at = 0; at + recordsAt <= bytes.length && !budget.isUsedUp;) {
    const end = at + bodyAt + bytes.readInt32BE(at + lengthAt);
    if (end > bytes.length || !isRecordBatch(bytes.subarray(at))) break;
    chunks.push(await readChunk(bytes.subarray(at, end), transactions, budget));
    at = end;
  }
  return chunks;
}

async function readChunk(
  batch: Buffer,
  transactions: Transactions,
  budget: UnpackBudget,
): Promise<RecordChunk> {
  const attributes = batch.readInt16BE(21);
  const firstOffset = readInt64(batch, 0);
  const header = {
    firstOffset,
    lastOffset: firstOffset + batch.readInt32BE(23),
    firstTimestampMs: readInt64(batch, 27),
    appendedAtMs: (attributes & logAppendTime) === 0 ? undefined : readInt64(batch, 35),
    count: batch.readInt32BE(57),
  };
  const isControl = (attributes & control) !== 0;
  const records = batch.subarray(recordsAt);
  const isAborted =
    (attributes & transactional) !== 0 &&
    transactions.isAborted(firstOffset, batch.readBigInt64BE(43), isControl ? records : undefined);
  const isHidden = isControl || isAborted;
  const unpack = isHidden ? undefined : unpackers[attributes & compression];
  if (!unpack) return new RecordChunk({ ...header, isHidden }, records);
  const unpacked = await budget.unpack(unpack, records);
  if (unpacked) return new RecordChunk({ ...header, isHidden }, unpacked);
  return new RecordChunk({ ...header, isHidden }, noBytes, { bytes: batch, maxBytes: budget.maxBytes });
}

/** Which of the batches that follow each other are of a transaction that was aborted. */
class Transactions {
  readonly #aborted: readonly AbortedTransaction[];
  #begun = 0;
  /** Producers whose current transaction was aborted. */
  readonly #open = new Set<bigint>();

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#aborted = aborted;
  }

  /** @param marker the records of a batch that ends a transaction */
  isAborted(firstOffset: number, producerId: bigint, marker: Buffer | undefined): boolean {
    for (let next = this.#aborted[this.#begun]; next && next.firstOffset <= firstOffset;) {
      this.#open.add(next.producerId);
      next = this.#aborted[++this.#begun];
    }
    if (marker) this.#open.delete(producerId);
    return this.#open.has(producerId);
  }
}

function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}
