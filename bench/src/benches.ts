import type { Bench } from './bench.ts';
import { observeBench } from './observe/observe-bench.ts';

/** All benches, in the order of `--help`. A bench lives in a folder of its name. */
export const benches: readonly Bench[] = [observeBench];
