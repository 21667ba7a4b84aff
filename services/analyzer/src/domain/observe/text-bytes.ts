import { limits } from './limits.ts';

/** Stands for every character beyond ASCII. */
export const beyondAscii = 255;

/** Bytes 0 behind the text, so that scanners may look ahead. */
const padding = 16;

/** UTF-8 takes three bytes for a code unit at most, so that the texts that are looked at always fit. */
const scratch = Buffer.allocUnsafeSlow(limits.scannedMessageChars * 3 + padding);
/** What stands in `scratch`. */
let written: string | undefined;

/**
 * The characters of a text as bytes, ASCII as it is and anything else `beyondAscii`, one for each code unit, with some bytes 0
 * behind: walking bytes is several times faster than asking a string for its characters.
 *
 * @returns valid until the next call
 */
export function bytesOf(text: string): Uint8Array {
  // One scanner after the other walks the same text.
  if (text === written) return scratch;
  const { length } = text;
  const bytes =
    length * 3 + padding <= scratch.length ? scratch : Buffer.allocUnsafeSlow(length * 3 + padding);
  // As many bytes as code units: it is all ASCII.
  if (bytes.write(text, 'utf8') !== length) {
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      bytes[i] = code < 128 ? code : beyondAscii;
    }
  }
  for (let i = length; i < length + padding; i++) bytes[i] = 0;
  if (bytes === scratch) written = text;
  return bytes;
}
