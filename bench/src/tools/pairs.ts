import type { Measured } from './measured.ts';

export interface Pair {
  readonly ours: Measured;
  readonly floor: Measured;
}

/** One contender's run; `run` counts from 0 and is for names that must differ (groups, key prefixes). */
export type Contender = (run: number) => Promise<Measured>;

/**
 * Ours and the floor in turn, the order changing from pair to pair, so that a machine that slows down hurts both alike.
 * The first pair is a warm-up of the servers and not counted.
 */
export async function runPairs(options: {
  readonly runs: number;
  readonly ours: Contender;
  readonly floor: Contender;
  readonly onPair?: (pair: Pair) => void;
}): Promise<readonly Pair[]> {
  const pairs: Pair[] = [];
  for (let run = 0; run <= options.runs; run++) {
    const isOursFirst = run % 2 === 0;
    const first = await (isOursFirst ? options.ours : options.floor)(run);
    const second = await (isOursFirst ? options.floor : options.ours)(run);
    if (run === 0) continue;
    const pair = isOursFirst ? { ours: first, floor: second } : { ours: second, floor: first };
    options.onPair?.(pair);
    pairs.push(pair);
  }
  return pairs;
}

/** A bench's last object: ratios are ours over the floor, pair by pair, and their median. */
export interface Summary {
  readonly name: string;
  /** Records a second. */
  readonly ratio: number;
  /** CPU per record. */
  readonly cpuRatio: number;
  readonly runs: number;
  /** Of `ratio`. */
  readonly min: number;
  readonly max: number;
  readonly peakMemoryBytes: number;
  readonly oursPerSecond: number;
  readonly floorPerSecond: number;
  /** CPU microseconds a record. */
  readonly oursCpuUs: number;
  readonly floorCpuUs: number;
}

/** @throws RangeError without a pair */
export function summarise(name: string, pairs: readonly Pair[]): Summary {
  if (pairs.length === 0) throw new RangeError('nothing was measured');
  const ratios = pairs.map(({ ours, floor }) => perSecond(ours) / perSecond(floor));
  const of = (pick: (pair: Pair) => number) => median(pairs.map(pick));
  return {
    name,
    ratio: median(ratios),
    cpuRatio: of(({ ours, floor }) => cpuUs(ours) / cpuUs(floor)),
    runs: pairs.length,
    min: Math.min(...ratios),
    max: Math.max(...ratios),
    peakMemoryBytes: Math.max(...pairs.map(({ ours }) => ours.peakRssBytes)),
    oursPerSecond: of(({ ours }) => perSecond(ours)),
    floorPerSecond: of(({ floor }) => perSecond(floor)),
    oursCpuUs: of(({ ours }) => cpuUs(ours)),
    floorCpuUs: of(({ floor }) => cpuUs(floor)),
  };
}

export const perSecond = ({ records, seconds }: Measured): number => records / seconds;
export const cpuUs = ({ records, cpuSeconds }: Measured): number => (cpuSeconds / records) * 1e6;

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN;
  return (upper + lower) / 2;
}
