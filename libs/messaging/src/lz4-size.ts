const blocksAt = 6;
const contentSizeFlag = 0x08;
const dictionaryFlag = 0x01;
const blockChecksumFlag = 0x10;
const storedBit = 0x80_00_00_00;
/** No byte of a block stands for more. */
const mostPerByte = 255;

/**
 * Whether an LZ4 frame unpacks to more than so many bytes: counted from what its blocks say of themselves, without unpacking
 * any. A frame that is broken counts as far as it can be read.
 */
export function isLz4LargerThan(frame: Buffer, maxBytes: number): boolean {
  if (frame.length * mostPerByte <= maxBytes) return false;
  const flags = frame[4] ?? 0;
  const checksumBytes = (flags & blockChecksumFlag) === 0 ? 0 : 4;
  let at =
    blocksAt + ((flags & contentSizeFlag) === 0 ? 0 : 8) + ((flags & dictionaryFlag) === 0 ? 0 : 4) + 1;
  let total = 0;
  while (total <= maxBytes && at + 4 <= frame.length) {
    const word = frame.readUInt32LE(at);
    if (word === 0) break;
    const start = at + 4;
    const end = Math.min(start + (word & ~storedBit), frame.length);
    total += word >= storedBit ? end - start : unpackedSize(frame, start, end);
    at = end + checksumBytes;
  }
  return total > maxBytes;
}

/** Of one compressed block: sequences of bytes that stand there, each followed by bytes to repeat. */
function unpackedSize(bytes: Buffer, start: number, end: number): number {
  let at = start;
  let total = 0;
  let length = 0;
  const readLength = (nibble: number) => {
    length = nibble;
    if (nibble < 15) return;
    for (let byte = 255; byte === 255 && at < end; length += byte) byte = bytes[at++]!;
  };
  while (at < end) {
    const token = bytes[at++]!;
    readLength(token >>> 4);
    total += length;
    at += length;
    if (at >= end) break;
    at += 2; // how far back
    readLength(token & 0x0f);
    total += length + 4;
  }
  return total;
}
