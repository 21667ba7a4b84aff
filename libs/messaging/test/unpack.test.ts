import { createRequire } from 'node:module';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compressFrameSync } from 'lz4-napi';
import { isLz4LargerThan } from '../src/lz4-size.ts';
import { unpackers } from '../src/unpack.ts';

const snappy = createRequire(import.meta.url)('snappyjs') as { compress(bytes: Buffer): Buffer };

/** As the Java client frames it. */
function xerialOf(...blocks: Buffer[]): Buffer {
  const header = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
  const sized = blocks.map((bytes) => {
    const length = Buffer.alloc(4);
    const block = snappy.compress(bytes);
    length.writeUInt32BE(block.length);
    return Buffer.concat([length, block]);
  });
  return Buffer.concat([header, ...sized]);
}

const text = Buffer.from('one line of a log like many others\n'.repeat(8_000));

const packings: readonly [string, number, Buffer][] = [
  ['gzip', 1, gzipSync(text)],
  ['snappy', 2, snappy.compress(text)],
  ['snappy of the Java client', 2, xerialOf(text.subarray(0, 32_768), text.subarray(32_768))],
  ['lz4', 3, compressFrameSync(text)],
  ['zstd', 4, zstdCompressSync(text)],
];

test.each(packings)('%s is unpacked up to the bound and not beyond it', async (_name, codec, packed) => {
  const unpack = unpackers[codec]!;
  expect((await unpack(packed, text.length))?.equals(text)).toBe(true);
  expect(await unpack(packed, text.length - 1)).toBeUndefined();
});

test.each(packings)(
  '%s that is cut off is an error, not a batch that is too large',
  async (_name, codec, packed) => {
    const cut = packed.subarray(0, -5);
    await expect(unpackers[codec]!(cut, text.length)).rejects.toThrow();
  },
);

test('LZ4 of the format before frames, whose size cannot be told, is an error', async () => {
  const legacy = Buffer.concat([Buffer.from([0x02, 0x21, 0x4c, 0x18]), compressFrameSync(text).subarray(7)]);
  await expect(unpackers[3]!(legacy, 1_000)).rejects.toThrow('not an LZ4 frame');
});

const half = 512 * 1024 * 1024;

const zeros = Buffer.alloc(4 * 1024 * 1024);

function repeated(bytes: Buffer): Buffer {
  return Buffer.concat(Array.from({ length: half / zeros.length }, () => bytes));
}

/** Its header is seven bytes, and the end of its blocks four. */
function lz4Bomb(): Buffer {
  const frame = compressFrameSync(zeros);
  return Buffer.concat([frame.subarray(0, 7), repeated(frame.subarray(7, -4)), frame.subarray(-4)]);
}

test('half a gigabyte is refused without being made', async () => {
  const before = process.memoryUsage().rss;
  const bombs: readonly [number, Buffer][] = [
    [1, repeated(gzipSync(zeros))],
    // A length of 512 MiB, and nothing behind it.
    [2, Buffer.from([0x80, 0x80, 0x80, 0x80, 0x02, 0x00])],
    [3, lz4Bomb()],
    [4, repeated(zstdCompressSync(zeros))],
  ];
  for (const [codec, bomb] of bombs) expect(await unpackers[codec]!(bomb, 1024 * 1024)).toBeUndefined();
  expect(process.memoryUsage().rss - before).toBeLessThan(half / 4);
});

test('the size of LZ4 is what it unpacks to, to the byte', () => {
  const part = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 400 }), fc.integer({ min: 1, max: 400 }));
  fc.assert(
    fc.property(
      fc.array(part, { minLength: 1, maxLength: 20 }),
      fc.record({ contentChecksum: fc.boolean(), blockChecksums: fc.boolean() }),
      (parts, options) => {
        const bytes = Buffer.concat(
          parts.flatMap(([each, times]) => Array.from({ length: times }, () => Buffer.from(each))),
        );
        const frame = compressFrameSync(bytes, options);
        expect(isLz4LargerThan(frame, bytes.length)).toBe(false);
        expect(isLz4LargerThan(frame, bytes.length - 1)).toBe(true);
      },
    ),
  );
});
