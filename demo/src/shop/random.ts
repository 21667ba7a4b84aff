/** Random choices that a seed repeats: the same seed, the same shop. */
export interface Random {
  /** A whole number between two bounds, both included. */
  whole(min: number, max: number): number;
  /** True as often as `share` says, between 0 and 1. */
  isLikely(share: number): boolean;
  pick<T>(items: readonly [T, ...T[]]): T;
  /** Lower-case hex digits, two a byte; never all zero. */
  hex(bytes: number): string;
}

/** Mulberry32 (Tommy Ettinger, public domain): small, and good enough for a shop. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
  return {
    whole,
    isLikely: (share) => next() < share,
    pick: (items) => items[whole(0, items.length - 1)] ?? items[0],
    hex(bytes) {
      const digits = Array.from({ length: bytes }, () => whole(0, 255).toString(16).padStart(2, '0')).join(
        '',
      );
      return /[^0]/.test(digits) ? digits : `${digits.slice(0, -1)}1`;
    },
  };
}
