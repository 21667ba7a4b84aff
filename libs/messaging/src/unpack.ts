import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { unzip, zstdDecompress } from 'node:zlib';
import { decompressFrame } from 'lz4-napi';
import { isLz4LargerThan } from './lz4-size.ts';

/**
 * Unpacks what one record batch holds.
 *
 * @returns undefined when that is more than so many bytes: sixteen kilobytes can stand for half a gigabyte, and whoever first
 *   makes the whole of it has no memory left to refuse it with
 */
export type Unpack = (packed: Buffer, maxBytes: number) => Promise<Buffer | undefined>;

const snappy = createRequire(import.meta.url)('snappyjs') as { uncompress(packed: Buffer): Buffer };

const unpackGzip = upTo(promisify(unzip));
const unpackZstd = upTo(promisify(zstdDecompress));

/** By the number that the attributes of a record batch name. */
export const unpackers: Readonly<Record<number, Unpack>> = {
  1: unpackGzip,
  2: unpackSnappy,
  3: unpackLz4,
  4: unpackZstd,
};

/** Node.js unpacks piece by piece, and stops. */
function upTo(unpack: (packed: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>): Unpack {
  return async (packed, maxBytes) => {
    try {
      return await unpack(packed, { maxOutputLength: maxBytes });
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') return undefined;
      throw error;
    }
  };
}

const lz4Magic = 0x18_4d_22_04;

async function unpackLz4(packed: Buffer, maxBytes: number): Promise<Buffer | undefined> {
  // The library unpacks the older format as well, whose size is not told in this way. Kafka has never had it.
  if (packed.readUInt32LE(0) !== lz4Magic) throw new RangeError('not an LZ4 frame');
  return isLz4LargerThan(packed, maxBytes) ? undefined : decompressFrame(packed);
}

/** Each block says first how large it will be. */
async function unpackSnappy(packed: Buffer, maxBytes: number): Promise<Buffer | undefined> {
  const blocks = isXerial(packed) ? xerialBlocks(packed) : [packed];
  const total = blocks.reduce((sum, block) => sum + declaredSize(block), 0);
  if (total > maxBytes) return undefined;
  return Buffer.concat(blocks.map((block) => snappy.uncompress(block)));
}

const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
const xerialHeaderBytes = 16;

/** How the Java client frames Snappy: blocks behind a header, each with its length. */
function isXerial(packed: Buffer): boolean {
  return packed.subarray(0, xerialMagic.length).equals(xerialMagic);
}

function xerialBlocks(packed: Buffer): Buffer[] {
  const blocks: Buffer[] = [];
  for (let at = xerialHeaderBytes; at + 4 <= packed.length;) {
    const start = at + 4;
    at = start + packed.readUInt32BE(at);
    blocks.push(packed.subarray(start, at));
  }
  return blocks;
}

/** A varint; what is none is refused by the unpacking. */
function declaredSize(block: Buffer): number {
  let size = 0;
  for (let at = 0, factor = 1; at < 5 && at < block.length; at++, factor *= 128) {
    const byte = block[at]!;
    size += (byte & 0x7f) * factor;
    if (byte < 0x80) break;
  }
  return size;
}
