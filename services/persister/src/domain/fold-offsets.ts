import type { Observation } from './observation.ts';

/** One row of `counted_offsets` that a batch touches, with all offsets the batch brings for it. */
export interface CountedKey {
  readonly partition: number;
  readonly appendHour: number;
  /** The offset without its lowest 12 bits. */
  readonly block: number;
  readonly environment: string;
  readonly traceId: string;
  /** As the text of an `int8multirange`. */
  readonly offsets: string;
}

/** What one window brings first for one key. */
export interface WindowShare {
  /** Place of the key in `keys`. */
  readonly key: number;
  /** Place of the window among all windows of the batch, counted through. */
  readonly window: number;
  /** As the text of an `int8multirange`. */
  readonly offsets: string;
  /** How many offsets these are. */
  readonly failures: number;
}

/**
 * Folds the windows of a batch by the rows that count them. Each offset goes to the first window that brings it, so that
 * windows of one batch may overlap. Keys come in key order: every transaction locks in that order.
 */
export function foldOffsets(observations: readonly Observation[]): {
  keys: CountedKey[];
  shares: WindowShare[];
} {
  const folds = new Map<string, Fold>();
  let window = 0;
  for (const { environment, windows } of observations)
    for (const { traceId, partition, offsets } of windows) {
      for (const { appendHour, offsets: ofHour } of offsets)
        for (const offset of ofHour)
          foldOf(folds, {
            partition,
            appendHour,
            block: Math.floor(offset / 4096),
            environment,
            traceId,
          }).add(offset, window);
      window++;
    }
  const ordered = [...folds.values()].toSorted((a, b) => compareKeys(a.key, b.key));
  return {
    keys: ordered.map(({ key, owners }) => ({ ...key, offsets: toMultirange([...owners.keys()]) })),
    shares: ordered.flatMap(({ owners }, key) =>
      [...Map.groupBy(owners.keys(), (offset) => owners.get(offset) ?? -1)].map(([owner, offsets]) => ({
        key,
        window: owner,
        offsets: toMultirange(offsets),
        failures: offsets.length,
      })),
    ),
  };
}

type Key = Omit<CountedKey, 'offsets'>;

interface Fold {
  readonly key: Key;
  /** Which window brought an offset first. */
  readonly owners: Map<number, number>;
  add(offset: number, window: number): void;
}

function foldOf(folds: Map<string, Fold>, key: Key): Fold {
  const name = JSON.stringify([key.partition, key.appendHour, key.block, key.environment, key.traceId]);
  const known = folds.get(name);
  if (known) return known;
  const owners = new Map<number, number>();
  const fold: Fold = {
    key,
    owners,
    add: (offset, window) => {
      if (!owners.has(offset)) owners.set(offset, window);
    },
  };
  folds.set(name, fold);
  return fold;
}

function compareKeys(a: Key, b: Key): number {
  return (
    a.partition - b.partition ||
    a.appendHour - b.appendHour ||
    a.block - b.block ||
    compareTexts(a.environment, b.environment) ||
    compareTexts(a.traceId, b.traceId)
  );
}

/** By code unit: any order will do, as long as it is everybody's. */
export function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function toMultirange(offsets: readonly number[]): string {
  const ranges: string[] = [];
  let start: number | undefined;
  let end = 0;
  for (const offset of offsets.toSorted((a, b) => a - b)) {
    if (start !== undefined && offset === end) end++;
    else {
      if (start !== undefined) ranges.push(`[${start},${end})`);
      start = offset;
      end = offset + 1;
    }
  }
  if (start !== undefined) ranges.push(`[${start},${end})`);
  return `{${ranges.join(',')}}`;
}
