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
          bring(fold, offset, window);
        }
      }
      window++;
    }
  const ordered = [...folds.values()].toSorted((a, b) => compareKeys(a.key, b.key));
  const keys: CountedKey[] = [];
  const shares: WindowShare[] = [];
  for (const { key, brought, isAscending } of ordered) {
    const first = isAscending ? brought : firstOfEach(brought);
    const offsets = toMultirange(first.offsets);
    addShares(shares, { key: keys.length, first, offsets });
    keys.push({ ...key, offsets });
  }
  return { keys, shares };
}

const blockOffsets = 4096;

type Key = Omit<CountedKey, 'offsets'>;

/** Offsets, and beside each the window that brought it. */
interface Brought {
  readonly offsets: number[];
  readonly windows: number[];
}

interface Fold {
  readonly key: Key;
  readonly brought: Brought;
  /** As offsets nearly always come: then none came twice. */
  isAscending: boolean;
}

function bring(fold: Fold, offset: number, window: number): void {
  const { offsets, windows } = fold.brought;
  if (offset <= (offsets.at(-1) ?? -1)) fold.isAscending = false;
  offsets.push(offset);
  windows.push(window);
}

/** In order, each offset once, with the window that brought it first. */
function firstOfEach({ offsets, windows }: Brought): Brought {
  const owners = new Map<number, number>();
  for (const [place, offset] of offsets.entries())
    if (!owners.has(offset)) owners.set(offset, windows[place] ?? -1);
  const ordered = [...owners].toSorted(([a], [b]) => a - b);
  return { offsets: ordered.map(([offset]) => offset), windows: ordered.map(([, window]) => window) };
}

function addShares(
  shares: WindowShare[],
  { key, first, offsets }: { key: number; first: Brought; offsets: string },
): void {
  const [window = -1] = first.windows;
  if (first.windows.every((each) => each === window)) {
    shares.push({ key, window, offsets, failures: first.offsets.length });
    return;
  }
  const byWindow = Map.groupBy(first.offsets.keys(), (place) => first.windows[place] ?? -1);
  for (const [owner, places] of byWindow) {
    const own = places.map((place) => first.offsets[place] ?? -1);
    shares.push({ key, window: owner, offsets: toMultirange(own), failures: own.length });
  }
}

function foldOf(folds: Map<string, Fold>, key: Key): Fold {
  // Neither text holds a NUL.
  const name = `${key.partition} ${key.appendHour} ${key.block} ${key.environment}\0${key.traceId}`;
  const known = folds.get(name);
  if (known) return known;
  const fold: Fold = { key, brought: { offsets: [], windows: [] }, isAscending: true };
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

/** Of offsets in order, each once. */
function toMultirange(offsets: readonly number[]): string {
  let text = '{';
  for (let place = 0; place < offsets.length;) {
    const start = offsets[place] ?? 0;
    let end = start + 1;
    while (offsets[++place] === end) end++;
    text += `${text.length > 1 ? ',' : ''}[${start},${end})`;
  }
  return `${text}}`;
}
