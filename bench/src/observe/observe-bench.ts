import { Redis } from 'ioredis';
import kafkajs from 'kafkajs';
import { createCodec, setUp, type KafkaConnection } from '@prodsentinel/messaging';
import type { Bench, BenchContext } from '../bench.ts';
import type { ConsumeJob } from '../consume/job.ts';
import { runContender } from '../tools/contender.ts';
import type { Measured } from '../tools/measured.ts';
import { runPairs, summarise, type Pair } from '../tools/pairs.ts';
import { createReport } from '../tools/report.ts';
import { loadStorm } from './load-storm.ts';
import { runObserver } from './observer.ts';
import { tracesOf } from './storm.ts';

const groupId = 'prodsentinel-observe';
const partitions = 12;
const defaultRecords = 100_000;

/** The observe stage beside a loop that only decodes and claims. */
export const observeBench: Bench = {
  name: 'observe',
  summary:
    'Windows out of a storm of failures, beside a bare kafkajs loop with decode and a pipelined SET NX.',
  async run(context) {
    const records = context.records ?? defaultRecords;
    const { env } = context.stack;
    const connection = { brokers: env.KAFKA_BROKERS.split(','), clientId: 'bench', logger: silent };
    const registryUrl = env.SCHEMA_REGISTRY_URL;
    await setUp({ connection, registryUrl, partitions, replicationFactor: 1 });
    context.say(`writing ${records} failures of ${tracesOf(records)} traces`);
    const codec = createCodec(registryUrl);
    const bytes = await loadStorm({ connection, codec, records }, context.signal);
    const report = createReport(context.out, context.asJson);
    const pairs = await runPairs({
      runs: context.runs,
      ours: () => observeOnce(context, connection, records),
      floor: (run) => floorOnce(context, connection, { run, records }),
      onPair: (pair) => report.pair(pair),
    });
    report.summary({
      ...summarise('observe', pairs),
      ...furtherFigures(pairs, records),
      bytesPerRecord: bytes / records,
    });
  },
};

async function observeOnce(
  { stack, signal }: BenchContext,
  { brokers }: KafkaConnection,
  records: number,
): Promise<Measured> {
  const redis = new Redis(stack.env.REDIS_URL);
  await redis.flushall();
  await redis.config('RESETSTAT');
  await forgetGroup(brokers);
  const measured = await runObserver(stack.env, records, signal);
  const redisCalls = callsOf(await redis.info('commandstats'), ['eval', 'evalsha']);
  redis.disconnect();
  return { ...measured, figures: { ...measured.figures, redisCalls } };
}

async function floorOnce(
  { stack, signal }: BenchContext,
  { brokers }: KafkaConnection,
  { run, records }: { run: number; records: number },
): Promise<Measured> {
  const redis = new Redis(stack.env.REDIS_URL);
  await redis.flushall();
  redis.disconnect();
  const { SCHEMA_REGISTRY_URL: registryUrl, REDIS_URL: redisUrl } = stack.env;
  const place = { brokers, registryUrl, redisUrl, topicPrefix: '' };
  const job: ConsumeJob = { place, groupId: `floor-${run}`, warmUpRecords: 0, records };
  return runContender(new URL('../consume/floor.ts', import.meta.url), job, signal);
}

/** A group that is not known reads from the first record. */
async function forgetGroup(brokers: readonly string[]): Promise<void> {
  const client = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING });
  const admin = client.admin();
  await admin.connect();
  try {
    const { groups } = await admin.listGroups();
    if (groups.some((group) => group.groupId === groupId)) await admin.deleteGroups([groupId]);
  } finally {
    await admin.disconnect();
  }
}

/** Calls of these commands, from Redis's own statistics. */
function callsOf(commandStats: string, commands: readonly string[]): number {
  const lines = commandStats
    .split('\r\n')
    .filter((line) => commands.some((command) => line.startsWith(`cmdstat_${command}:`)));
  return lines.reduce((sum, line) => sum + Number(/calls=(\d+)/.exec(line)?.[1] ?? 0), 0);
}

function furtherFigures(pairs: readonly Pair[], records: number) {
  const mean = (name: string) =>
    pairs.reduce((sum, { ours }) => sum + (ours.figures?.[name] ?? Number.NaN), 0) / pairs.length;
  return {
    records,
    traces: tracesOf(records),
    peakMemoryBytesAt100k: mean('peakRssBytesAt100k'),
    oursCpuUsToTheEnd: (mean('cpuSecondsToTheEnd') / records) * 1e6,
    redisCallsPerRecord: mean('redisCalls') / records,
    observationsPer1000Traces: (mean('observations') / tracesOf(records)) * 1000,
    duplicates: mean('duplicates'),
  };
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };
