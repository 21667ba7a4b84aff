import type { Bench } from '../bench.ts';
import { runContender } from '../tools/contender.ts';
import { setUpPlace } from '../tools/failure-topic.ts';
import { runPairs, summarise } from '../tools/pairs.ts';
import { createReport } from '../tools/report.ts';
import type { ProduceJob } from './job.ts';

const defaultRecords = 400_000;
const warmUpShare = 0.25;

/** The library's producer with many callers against kafkajs `sendBatch` of 500 in a loop. */
export const produceBench: Bench = {
  name: 'produce',
  summary: 'produce with many callers: the producer against kafkajs sendBatch of 500',
  async run({ stack, runs, records = defaultRecords, asJson, out, signal }) {
    const place = await setUpPlace(stack, signal);
    const job: ProduceJob = { place, records, warmUpRecords: Math.round(records * warmUpShare) };
    const contender = (name: 'ours' | 'floor') => () =>
      runContender(new URL(`${name}.ts`, import.meta.url), job, signal);
    const report = createReport(out, asJson);
    const pairs = await runPairs({
      runs,
      ours: contender('ours'),
      floor: contender('floor'),
      onPair: (pair) => report.pair(pair),
    });
    report.summary({ ...summarise('produce', pairs) });
  },
};
