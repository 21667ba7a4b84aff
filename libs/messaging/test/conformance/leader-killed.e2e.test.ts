import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Oracle } from '@prodsentinel/fault-tools';
import { done } from '../../src/index.ts';
import { Journal, TestCluster } from '../test-cluster.ts';
import { auditTopic, messagesOf, report } from './audit.ts';
import { allHandled, startSending, untilAcknowledged, untilAll } from './sending.ts';
import { startThreeBrokers, type ThreeBrokers } from './three-brokers.ts';

// Three brokers, three copies of each partition, two of which must have a record before it is acknowledged: the broker that
// leads a loaded partition is killed under load. What was acknowledged stays, and sender and consumer go on by themselves.

jest.setTimeout(300_000);

const canRun = process.env['PRODSENTINEL_TEST_FULL'] === '1' && process.platform === 'linux';
const whenFull = canRun ? test : test.skip;
const partitions = 6;

let three: ThreeBrokers | undefined;
let cluster: TestCluster | undefined;

beforeAll(async () => {
  if (!canRun) return;
  three = await startThreeBrokers();
  Object.assign(process.env, three.stack.env, { KAFKA_BROKERS: three.brokers.join(',') });
  cluster = new TestCluster();
  await cluster.setUp(partitions, 3);
});

afterAll(async () => {
  await cluster?.close();
  await three?.stop();
});

interface Partition {
  readonly partitionId: number;
  readonly leader: number;
  readonly isr: readonly number[];
}

async function withAdmin<T>(work: (admin: kafkajs.Admin) => Promise<T>): Promise<T> {
  const client = new kafkajs.Kafka({
    brokers: [...three!.brokers],
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: 20, initialRetryTime: 100, maxRetryTime: 1_000 },
  });
  const admin = client.admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** Asks again until the partitions are as they must be. */
function untilPartitions(isSo: (partitions: readonly Partition[]) => boolean): Promise<readonly Partition[]> {
  return withAdmin(async (admin) => {
    for (;;) {
      const { topics } = await admin.fetchTopicMetadata({ topics: [`${cluster!.prefix}failures`] });
      const found = topics[0]!.partitions;
      if (isSo(found)) return found;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });
}

function requireTwoCopies(): Promise<unknown> {
  return withAdmin((admin) =>
    admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: `${cluster!.prefix}failures`,
          configEntries: [
            { name: 'min.insync.replicas', value: '2' },
            { name: 'message.timestamp.type', value: 'LogAppendTime' },
          ],
        },
      ],
    }),
  );
}

whenFull(
  'the leader of a loaded partition killed: nothing acknowledged is lost, sending and consuming go on (PRODSENTINEL_TEST_FULL=1)',
  async () => {
    await requireTwoCopies();
    const oracle = new Oracle();
    const handled = new Journal<string>();
    const places = new Journal<number>();
    const consumer = await cluster!.consume(
      {
        mode: 'record',
        concurrency: 20,
        async handle({ value, partition }) {
          await new Promise((resolve) => setImmediate(resolve));
          handled.add(value.message);
          places.add(partition);
          return done;
        },
      },
      { groupId: randomUUID(), limits: { commitIntervalMs: 100 } },
    );
    const load = startSending(await cluster!.producer(), oracle, 8);
    for (const victim of three!.extra) {
      const before = places.entries.length;
      await places.until(({ length }) => length > before + 500);
      const led = (await untilPartitions((all) => all.every(({ isr }) => isr.length === 3))).filter(
        ({ leader }) => leader === victim.nodeId,
      );
      expect(led.length).toBeGreaterThan(0);
      const isLed = (partition: number) => led.some(({ partitionId }) => partitionId === partition);
      await places.until((all) => all.some(isLed));
      await victim.kill();
      await untilPartitions((all) => all.every(({ leader }) => leader > 0 && leader !== victim.nodeId));
      await untilAcknowledged(load.fates, 20);
      const ids = led.map(({ partitionId }) => partitionId);
      await untilAll(places, ids, places.entries.length);
      await victim.start();
      await untilPartitions((all) => all.every(({ isr }) => isr.length === 3));
    }
    await load.stop();
    const kept = { lost: [], neverIssued: [], seenThoughRefused: [] };
    const log = await auditTopic(three!.brokers[0]!, `${cluster!.prefix}failures`);
    const inLog = oracle.account(await messagesOf(cluster!, log));
    expect(inLog).toMatchObject({ ...kept, extraSightings: 0 });
    await allHandled(oracle, handled);
    await consumer.stop();
    // Not bounded: while the group's coordinator is away nothing can be committed, and partitions with a leader flow.
    const atHandlers = oracle.account(handled.entries);
    report(
      `leaders killed twice: ${inLog.acknowledged} acknowledged, ${inLog.unknown} unknown (${inLog.unknownSeen} written), ` +
        `in the log twice ${inLog.extraSightings}, handled twice ${atHandlers.extraSightings}`,
    );
    expect(atHandlers).toMatchObject(kept);
  },
);
