import type { Observation } from './observation.ts';

/** Which failures of 1024 neighbouring offsets a batch brings, and with that one row of `counted_blocks`. */
export interface CountedBlock {
  readonly partition: number;
  readonly appendHour: number;
  /** The offset without its lowest 10 bits. */
  readonly block: number;
  /** 128 bytes: from the highest bit of the first on, a bit for each offset. */
  readonly counted: Buffer;
}

export interface FoldedOffsets {
  /** In key order, which is the order of the locks. Only those that bring something. */
  readonly blocks: readonly CountedBlock[];
  /** How many failures each window brings first, by its place among all windows of the batch. */
  readonly failures: readonly number[];
}

export const blockOffsets = 1024;

/**
 * Folds the windows of a batch into blocks of offsets. Each offset goes to the first window that brings it, so that
 * windows of one batch may overlap, and to none when it is known.
 *
 * @param known offsets that were counted before, by `blockName`, in the form of `CountedBlock.counted`
 */
export function foldOffsets(
  observations: readonly Observation[],
  known: ReadonlyMap<string, Uint8Array> = new Map(),
): FoldedOffsets {
  const folds = new Map<string, Fold>();
  const failures: number[] = [];
  for (const { windows } of observations)
    for (const { partition, offsets } of windows) {
      let brought = 0;
      for (const { appendHour, offsets: ofHour } of offsets) {
        let fold: Fold | undefined;
        for (const offset of ofHour) {
          const block = Math.floor(offset / blockOffsets);
          // Neighbours: nearly always the same block.
          if (fold?.block !== block) fold = foldOf(folds, { partition, appendHour, block }, known);
          if (bring(fold, offset)) brought++;
        }
      }
      failures.push(brought);
    }
  const blocks = [...folds.values()].filter(({ isEmpty }) => !isEmpty).toSorted(compareKeys);
  return { blocks, failures };
}

/** Tells a block apart from all others. */
export function blockName({ partition, appendHour, block }: BlockKey): string {
  return `${partition} ${appendHour} ${block}`;
}

type BlockKey = Omit<CountedBlock, 'counted'>;

interface Fold extends CountedBlock {
  readonly known: Uint8Array | undefined;
  isEmpty: boolean;
}

function foldOf(folds: Map<string, Fold>, key: BlockKey, known: ReadonlyMap<string, Uint8Array>): Fold {
  const name = blockName(key);
  const begun = folds.get(name);
  if (begun) return begun;
  const fold = { ...key, counted: Buffer.alloc(blockOffsets / 8), known: known.get(name), isEmpty: true };
  folds.set(name, fold);
  return fold;
}

/** Whether it is the first time. */
function bring(fold: Fold, offset: number): boolean {
  const { counted, known } = fold;
  // The lowest bits are right however great the number is.
  const place = (offset & (blockOffsets - 1)) >> 3;
  const bit = 0x80 >> (offset & 7);
  const before = counted[place] ?? 0;
  if (((before | (known?.[place] ?? 0)) & bit) !== 0) return false;
  counted[place] = before | bit;
  fold.isEmpty = false;
  return true;
}

function compareKeys(a: BlockKey, b: BlockKey): number {
  return a.partition - b.partition || a.appendHour - b.appendHour || a.block - b.block;
}
