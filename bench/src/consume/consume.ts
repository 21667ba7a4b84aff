import type { Bench } from '../bench.ts';
import { runContender } from '../tools/contender.ts';
import { fillFailures, setUpPlace } from '../tools/failure-topic.ts';
import { runPairs, summarise } from '../tools/pairs.ts';
import { createReport } from '../tools/report.ts';
import type { ConsumeJob } from './job.ts';

const defaultRecords = 400_000;
const warmUpShare = 0.25;

/** The library's consumer against a loop over kafkajs batches with the same decoding and the same claims. */
export const consumeBench: Bench = {
  name: 'consume',
  summary: 'consume, decode and claim: the consumer against a bare kafkajs loop',
  async run({ stack, runs, records = defaultRecords, asJson, out, say, signal }) {
    const place = await setUpPlace(stack, signal);
    const warmUpRecords = Math.round(records * warmUpShare);
    say(`writing ${warmUpRecords + records} failures …`);
    await fillFailures(place, warmUpRecords + records, signal);
    const contender = (name: 'ours' | 'floor') => (run: number) => {
      const groupId = `${place.topicPrefix}${name}-${run}`;
      const job: ConsumeJob = { place, groupId, warmUpRecords, records };
      return runContender(new URL(`${name}.ts`, import.meta.url), job, signal);
    };
    const report = createReport(out, asJson);
    const pairs = await runPairs({
      runs,
      ours: contender('ours'),
      floor: contender('floor'),
      onPair: (pair) => report.pair(pair),
    });
    report.summary({ ...summarise('consume', pairs) });
  },
};
