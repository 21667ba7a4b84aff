import { describe, expect, it } from '@jest/globals';
import { crc32c } from '../src/crc32c.ts';

/** Bit by bit, as the polynomial says. */
function crc32cByBits(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82_f6_3b_78 : 0);
  }
  return (crc ^ -1) >>> 0;
}

describe('crc32c', () => {
  // RFC 3720, B.4, and the check value of the catalogue of CRCs.
  it.each([
    ['zeros', Buffer.alloc(32), 0x8a_91_36_aa],
    ['ones', Buffer.alloc(32, 0xff), 0x62_a8_ab_43],
    ['digits', Buffer.from('123456789'), 0xe3_06_92_83],
    ['nothing', Buffer.alloc(0), 0],
  ])('knows %s', (_name, bytes, checksum) => {
    expect(crc32c(bytes, 0, bytes.length)).toBe(checksum);
  });

  it('is the same wherever the bytes begin and end', () => {
    const bytes = Uint8Array.from({ length: 100 }, (_, at) => (at * 7919) >>> 3);
    for (const offset of [0, 1, 2, 3]) {
      const view = Buffer.alloc(104).subarray(offset, offset + bytes.length);
      view.set(bytes);
      for (let start = 0; start <= 20; start++)
        for (let end = start; end <= bytes.length; end++)
          expect([offset, start, end, crc32c(view, start, end)]).toEqual([
            offset,
            start,
            end,
            crc32cByBits(bytes.subarray(start, end)),
          ]);
    }
  });
});
