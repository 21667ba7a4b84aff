import { endianness } from 'node:os';

/** The remainders of a byte, of a byte with one zero byte behind it, and so on: sixteen bytes are looked up at once. */
const tables = Array.from({ length: 16 }, () => new Int32Array(256));
const t0 = tables[0]!;
const [, t1, t2, t3, t4, t5, t6, t7] = tables as Tuple8;
const [t8, t9, t10, t11, t12, t13, t14, t15] = tables.slice(8) as Tuple8;
type Tuple8 = [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
];

for (let byte = 0; byte < 256; byte++) {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0x82_f6_3b_78 : 0);
  t0[byte] = remainder;
}
for (let byte = 0; byte < 256; byte++) {
  for (let zeros = 1; zeros < tables.length; zeros++) {
    const before = tables[zeros - 1]![byte]!;
    tables[zeros]![byte] = (before >>> 8) ^ t0[before & 0xff]!;
  }
}

/** CRC-32C (Castagnoli) of the bytes from `start` to `end`, as Kafka's record batches carry it; from 0 to 2^32 - 1. */
export function crc32c(bytes: Uint8Array, start: number, end: number): number {
  // Words can be read only from where their array may begin.
  const aligned = start + (-(bytes.byteOffset + start) & 3);
  const blocks = isLittleEndian ? Math.floor((end - aligned) / blockBytes) : 0;
  if (blocks <= 0) return (addBytes(-1, bytes, start, end) ^ -1) >>> 0;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + aligned, blocks * wordsOfBlock);
  const beforeTail = addBlocks(addBytes(-1, bytes, start, aligned), words);
  return (addBytes(beforeTail, bytes, aligned + blocks * blockBytes, end) ^ -1) >>> 0;
}

const blockBytes = 16;
const wordsOfBlock = 4;
const isLittleEndian = endianness() === 'LE';

function addBytes(before: number, bytes: Uint8Array, start: number, end: number): number {
  let crc = before;
  for (let at = start; at < end; at++) crc = t0[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
  return crc;
}

function addBlocks(before: number, words: Int32Array): number {
  let crc = before;
  for (let at = 0; at < words.length; at += wordsOfBlock) {
    const a = crc ^ words[at]!;
    const b = words[at + 1]!;
    const c = words[at + 2]!;
    const d = words[at + 3]!;
    crc =
      t15[a & 0xff]! ^
      t14[(a >>> 8) & 0xff]! ^
      t13[(a >>> 16) & 0xff]! ^
      t12[a >>> 24]! ^
      t11[b & 0xff]! ^
      t10[(b >>> 8) & 0xff]! ^
      t9[(b >>> 16) & 0xff]! ^
      t8[b >>> 24]! ^
      t7[c & 0xff]! ^
      t6[(c >>> 8) & 0xff]! ^
      t5[(c >>> 16) & 0xff]! ^
      t4[c >>> 24]! ^
      t3[d & 0xff]! ^
      t2[(d >>> 8) & 0xff]! ^
      t1[(d >>> 16) & 0xff]! ^
      t0[d >>> 24]!;
  }
  return crc;
}
