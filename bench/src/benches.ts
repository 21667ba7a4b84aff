import type { Bench } from './bench.ts';
import { consumeBench } from './consume/consume.ts';
import { ingestBench } from './ingest/ingest-bench.ts';
import { observeBench } from './observe/observe-bench.ts';
import { persistBench } from './persist/persist.ts';
import { produceBench } from './produce/produce.ts';
import { queriesBench } from './queries/queries.ts';

/** All benches, in the order of `--help`. A bench lives in a folder of its name. */
export const benches: readonly Bench[] = [
  consumeBench,
  produceBench,
  ingestBench,
  observeBench,
  persistBench,
  queriesBench,
];
