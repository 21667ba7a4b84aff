import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { zstdCompress } from 'node:zlib';
import kafkajs from 'kafkajs';
import { compressFrame } from 'lz4-napi';
import { AppError } from '@prodsentinel/kernel';
import { defaultConsumerLimits } from './consumer-limits.ts';
import { unpackers } from './unpack.ts';

const { CompressionCodecs, CompressionTypes } = kafkajs;
const require = createRequire(import.meta.url);
const snappy = require('snappyjs') as { compress(bytes: Buffer): Buffer };
const gzip = require('kafkajs/src/protocol/message/compression/gzip') as { compress: Compress };

type Compress = (encoder: { readonly buffer: Buffer }) => Promise<Buffer>;

let registered = false;

/** kafkajs brings gzip only, and a consumer dies for good on the first batch of any other codec: all four are read. */
export function registerCompressionCodecs(): void {
  if (registered) return;
  registered = true;
  register(CompressionTypes.GZIP, (encoder) => gzip.compress(encoder));
  register(CompressionTypes.Snappy, async ({ buffer }) => snappy.compress(buffer));
  register(CompressionTypes.LZ4, ({ buffer }) => compressFrame(buffer));
  register(CompressionTypes.ZSTD, ({ buffer }) => promisify(zstdCompress)(buffer));
}

function register(type: number, compress: Compress): void {
  const { maxUnpackedBytes } = defaultConsumerLimits;
  const decompress = async (packed: Buffer) => {
    const bytes = await unpackers[type]!(packed, maxUnpackedBytes);
    if (bytes) return bytes;
    throw new AppError(
      'invalid_input',
      `a record batch of ${packed.length} bytes unpacks to more than ${maxUnpackedBytes}`,
    );
  };
  (CompressionCodecs as Record<number, unknown>)[type] = () => ({ compress, decompress });
}
