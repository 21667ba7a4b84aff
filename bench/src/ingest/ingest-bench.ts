import type { Bench, BenchContext } from '../bench.ts';
import { setUpPlace, type Place } from '../tools/failure-topic.ts';
import type { ProduceJob } from '../produce/job.ts';
import { runContender } from '../tools/contender.ts';
import type { Measured } from '../tools/measured.ts';
import { perSecond, runPairs, summarise, type Pair } from '../tools/pairs.ts';
import { createReport } from '../tools/report.ts';
import { startClient, startServer, type ServerUnderLoad } from './child.ts';
import { measureOutage } from './outage.ts';

const secondsOfRun = 4;

/** The first is what the bench's ratio is of. */
const scenarios = [
  { name: '200 connections', connections: 200, itemsPerRequest: 1 },
  { name: '50 connections', connections: 50, itemsPerRequest: 1 },
  { name: '4 connections', connections: 4, itemsPerRequest: 1 },
  { name: '1 connection', connections: 1, itemsPerRequest: 1 },
  { name: 'batches of 100', connections: 20, itemsPerRequest: 100 },
] as const;

/** Ingest as it is deployed beside a bare Fastify with a batching kafkajs producer, under the same client. */
export const ingestBench: Bench = {
  name: 'ingest',
  summary: '1 KB failures over HTTP: ingest beside a bare Fastify with a batching kafkajs producer',
  async run(context) {
    const place = await setUpPlace(context.stack, context.signal);
    const servers = await startBoth(place, context);
    const client = startClient();
    const report = createReport(context.out, context.asJson);
    try {
      const summaries = [];
      for (const scenario of scenarios) {
        const contender = (server: ServerUnderLoad) => () =>
          runLoad(server, client, scenario, context.signal);
        const pairs = await runPairs({
          runs: context.runs,
          ours: contender(servers.ours),
          floor: contender(servers.floor),
          onPair: (pair) => report.pair(pair),
        });
        const summary = { ...summarise(`ingest, ${scenario.name}`, pairs), ...meanFigures(pairs) };
        report.summary(summary);
        summaries.push(summary);
      }
      const { oursPerSecond } = summaries.at(-1)!;
      const bareProducerPerSecond = await measureBareProducer(place, context.signal);
      const batches = {
        bareProducerPerSecond,
        batchesOverBareProducer: oursPerSecond / bareProducerPerSecond,
      };
      const outage = await measureOutage(context, servers.ours, client);
      report.summary({ ...summaries[0]!, name: 'ingest', ...batches, ...outage });
    } finally {
      await Promise.all([client.stop(), servers.ours.stop(), servers.floor.stop()]);
    }
  },
};

async function startBoth(place: Place, { stack, signal }: BenchContext) {
  const ours = await startServer(
    new URL(import.meta.resolve('@prodsentinel/ingest/main')),
    {
      ...process.env,
      ...stack.env,
      KAFKA_TOPIC_PREFIX: place.topicPrefix,
      INGEST_PORT: '0',
      HEALTH_PORT: '0',
      LOG_LEVEL: 'fatal',
    },
    signal,
  );
  const floor = await startServer(
    new URL('floor.ts', import.meta.url),
    {
      ...process.env,
      BENCH_BROKERS: place.brokers.join(','),
      BENCH_TOPIC: `${place.topicPrefix}failures`,
    },
    signal,
  );
  return { ours, floor };
}

async function runLoad(
  server: ServerUnderLoad,
  client: ReturnType<typeof startClient>,
  { connections, itemsPerRequest }: (typeof scenarios)[number],
  signal: AbortSignal,
): Promise<Measured> {
  const before = await server.usage();
  const job = { url: server.url, connections, itemsPerRequest, seconds: secondsOfRun };
  const { requests, refused, seconds, p50Ms, p99Ms } = await client.load(job, signal);
  const after = await server.usage();
  return {
    records: requests * itemsPerRequest,
    seconds,
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    peakRssBytes: after.rssBytes,
    figures: { p50Ms, p99Ms, refused },
  };
}

/** What sending without HTTP and without reading comes to: records that are encoded already, 500 a request. */
async function measureBareProducer(place: Place, signal: AbortSignal): Promise<number> {
  const job: ProduceJob = { place, warmUpRecords: 20_000, records: 80_000 };
  return perSecond(await runContender(new URL('../produce/floor.ts', import.meta.url), job, signal));
}

function meanFigures(pairs: readonly Pair[]): Record<string, number> {
  const mean = (of: 'ours' | 'floor', name: string) =>
    pairs.reduce((sum, pair) => sum + (pair[of].figures?.[name] ?? Number.NaN), 0) / pairs.length;
  return {
    oursP50Ms: mean('ours', 'p50Ms'),
    floorP50Ms: mean('floor', 'p50Ms'),
    oursP99Ms: mean('ours', 'p99Ms'),
    floorP99Ms: mean('floor', 'p99Ms'),
    oursRefused: mean('ours', 'refused'),
  };
}
