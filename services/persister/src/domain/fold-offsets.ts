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
      for (const { appendHour, offsets: ofHour } of offsets) {
        let fold: Fold | undefined;
        for (const offset of ofHour) {
          const block = Math.floor(offset / blockOffsets);
          // Neighbours: nearly always the same row.
          if (fold?.key.block !== block)
            fold = foldOf(folds, { partition, appendHour, block, environment, traceId });
          if (!fold.owners.has(offset)) fold.owners.set(offset, window);
        }
      }
      window++;
    }
  const ordered = [...folds.values()].toSorted((a, b) => compareKeys(a.key, b.key));
  const keys: CountedKey[] = [];
  const shares: WindowShare[] = [];
  for (const { key, owners } of ordered) {
    const offsets = toMultirange([...owners.keys()]);
    addShares(shares, { key: keys.length, owners, offsets });
    keys.push({ ...key, offsets });
  }
  return { keys, shares };
}

const blockOffsets = 4096;

function addShares(
  shares: WindowShare[],
  { key, owners, offsets }: { key: number; owners: ReadonlyMap<number, number>; offsets: string },
): void {
  const byWindow = Map.groupBy(owners.keys(), (offset) => owners.get(offset) ?? -1);
  for (const [window, own] of byWindow)
    shares.push({
      key,
      window,
      offsets: byWindow.size === 1 ? offsets : toMultirange(own),
      failures: own.length,
    });
}

type Key = Omit<CountedKey, 'offsets'>;

interface Fold {
  readonly key: Key;
  /** Which window brought an offset first. */
  readonly owners: Map<number, number>;
}

function foldOf(folds: Map<string, Fold>, key: Key): Fold {
  // Neither text holds a NUL.
  const name = `${key.partition} ${key.appendHour} ${key.block} ${key.environment}\0${key.traceId}`;
  const known = folds.get(name);
  if (known) return known;
  const fold: Fold = { key, owners: new Map() };
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

function toMultirange(offsets: number[]): string {
  offsets.sort((a, b) => a - b);
  let text = '{';
  for (let place = 0; place < offsets.length;) {
    const start = offsets[place] ?? 0;
    let end = start + 1;
    while (offsets[++place] === end) end++;
    text += `${text.length > 1 ? ',' : ''}[${start},${end})`;
  }
  return `${text}}`;
}
