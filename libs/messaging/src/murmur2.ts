const multiplier = 0x5b_d1_e9_95;
const seed = 0x97_47_b2_8c | 0;

/** 32-bit murmur2 of a key's UTF-8 bytes, with the seed of Kafka's clients; signed. */
export function murmur2(key: Buffer | string): number {
  const isShort = typeof key === 'string' && key.length <= scratch.length;
  if (isShort && copyAscii(key)) return hashBytes(scratch, key.length);
  const bytes = typeof key === 'string' ? Buffer.from(key) : key;
  return hashBytes(bytes, bytes.length);
}

/** Keys are short and plain as a rule: they are hashed here, without a buffer for each. */
const scratch = new Uint8Array(128);

function copyAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) return false;
    scratch[at] = code;
  }
  return true;
}

function hashBytes(bytes: Uint8Array, length: number): number {
  let hash = seed ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    let word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    word = Math.imul(word, multiplier);
    word = Math.imul(word ^ (word >>> 24), multiplier);
    hash = Math.imul(hash, multiplier) ^ word;
  }
  if (at < length) {
    for (let rest = length - 1; rest >= at; rest--) hash ^= bytes[rest]! << (8 * (rest - at));
    hash = Math.imul(hash, multiplier);
  }
  hash = Math.imul(hash ^ (hash >>> 13), multiplier);
  return hash ^ (hash >>> 15);
}
