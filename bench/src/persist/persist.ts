import { createTestDatabase } from '@prodsentinel/database/testing';
import { createCodec, RawProducer, type RawMessage } from '@prodsentinel/messaging';
import type { Bench, BenchContext } from '../bench.ts';
import { toConnection } from '../tools/connection.ts';
import { runContender } from '../tools/contender.ts';
import { setUpPlace, type Place } from '../tools/failure-topic.ts';
import { runPairs, summarise } from '../tools/pairs.ts';
import { createReport } from '../tools/report.ts';
import type { PersistJob } from './job.ts';
import { makeObservations, toObservationMessage, type PersistLoad } from './observations.ts';

const defaultRecords = 60_000;
const warmUpShare = 0.25;
const fillBatchRecords = 1_000;

/** The persister's pipeline against a loop over kafkajs batches with one upsert a batch into one table. */
export const persistBench: Bench = {
  name: 'persist',
  summary: 'windows into PostgreSQL: the persister against a bare kafkajs loop with one upsert a batch',
  async run(context) {
    // Both topics first: brokers need a moment until each partition has its leader.
    const stormPlace = await setUpPlace(context.stack, context.signal);
    const problemsPlace = await setUpPlace(context.stack, context.signal);
    const storm = await measure(context, stormPlace, 'storm');
    const problems = await measure(context, problemsPlace, 'problems');
    const report = createReport(context.out, context.asJson);
    report.summary({ ...storm, name: 'persist-storm' });
    // The figure that counts comes last.
    report.summary({ ...problems, name: 'persist', stormRatio: storm.ratio, stormCpuRatio: storm.cpuRatio });
  },
};

async function measure(context: BenchContext, place: Place, load: PersistLoad) {
  const { stack, runs, records = defaultRecords, asJson, out, say, signal } = context;
  const warmUpRecords = Math.round(records * warmUpShare);
  say(`${load}: writing observations of ${warmUpRecords + records} windows …`);
  await fillObservations(place, { load, windows: warmUpRecords + records }, signal);
  const contender = (name: 'ours' | 'floor') => async (run: number) => {
    const database = await createTestDatabase({ server: stack.env.DATABASE_URL });
    try {
      const groupId = `${place.topicPrefix}${name}-${run}`;
      const job: PersistJob = { place, groupId, databaseUrl: database.url, warmUpRecords, records };
      return await runContender(new URL(`${name}.ts`, import.meta.url), job, signal);
    } finally {
      await database.drop();
    }
  };
  const report = createReport(out, asJson);
  const pairs = await runPairs({
    runs,
    ours: contender('ours'),
    floor: contender('floor'),
    onPair: (pair) => report.pair(pair),
  });
  return summarise(load, pairs);
}

async function fillObservations(
  place: Place,
  { load, windows }: { load: PersistLoad; windows: number },
  signal: AbortSignal,
): Promise<void> {
  const codec = createCodec(place.registryUrl, place.topicPrefix);
  await codec.prepare(['observations']);
  const producer = new RawProducer(toConnection(place));
  await producer.start(signal);
  try {
    let batch: RawMessage[] = [];
    for (const observation of makeObservations(load, windows)) {
      batch.push(toObservationMessage(codec, observation));
      if (batch.length < fillBatchRecords) continue;
      await producer.sendRaw(batch);
      batch = [];
    }
    if (batch.length > 0) await producer.sendRaw(batch);
  } finally {
    await producer.stop();
  }
}
