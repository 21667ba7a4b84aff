import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Oracle } from '@prodsentinel/fault-tools';
import { startStack, type Stack } from '@prodsentinel/local-stack';
import { done } from '../../src/index.ts';
import { Journal, TestCluster } from '../test-cluster.ts';
import { auditTopic, messagesOf, report } from './audit.ts';
import { allHandled, startSending } from './sending.ts';

// The only broker is killed (SIGKILL) under load and started again: what was acknowledged is in the log, once, and is handled;
// what was refused is not there; consumer and producer go on by themselves.

jest.setTimeout(180_000);

const rounds = process.env['PRODSENTINEL_TEST_FULL'] === '1' ? 5 : 1;
const partitions = 4;

let stack: Stack;
let cluster: TestCluster;

beforeAll(async () => {
  stack = await startStack({ source: 'processes' });
  Object.assign(process.env, stack.env);
  cluster = new TestCluster();
  await cluster.setUp(partitions);
});

afterAll(async () => {
  await cluster?.close();
  await stack?.stop();
});

test('a broker killed under load and started again: nothing acknowledged is lost, nothing is in the log twice, all is handled', async () => {
  const oracle = new Oracle();
  const handled = new Journal<string>();
  const limits = { commitIntervalMs: 100, maxActiveRecords: 200 };
  const consumer = await cluster.consume(
    {
      mode: 'record',
      concurrency: 20,
      async handle({ value }) {
        await new Promise((resolve) => setImmediate(resolve));
        handled.add(value.message);
        return done;
      },
    },
    { groupId: randomUUID(), limits },
  );
  const producer = await cluster.producer();
  const load = startSending(producer, oracle, 8);
  for (let round = 0; round < rounds; round++) {
    const before = handled.entries.length;
    await handled.until(({ length }) => length > before + 500);
    await stack.servers!.kafka.kill('SIGKILL');
    const refused = load.fates.entries.length;
    await load.fates.until((fates) => fates.slice(refused).some((fate) => fate !== 'acknowledged'));
    await stack.servers!.kafka.restart();
    const back = load.fates.entries.length;
    await load.fates.until(
      (fates) => fates.slice(back).filter((fate) => fate === 'acknowledged').length > 20,
    );
  }
  await load.stop();
  await allHandled(oracle, handled);
  await consumer.stop();

  const log = await auditTopic(cluster.connection.brokers[0]!, `${cluster.prefix}failures`);
  const inLog = oracle.account(await messagesOf(cluster, log));
  const atHandlers = oracle.account(handled.entries);
  report(
    `broker killed ${rounds} times: ${inLog.acknowledged} acknowledged, ${inLog.unknown} unknown (${inLog.unknownSeen} written), ` +
      `in the log twice ${inLog.extraSightings}, handled twice ${atHandlers.extraSightings}`,
  );
  const kept = { lost: [], neverIssued: [], seenThoughRefused: [] };
  expect(inLog).toMatchObject({ ...kept, extraSightings: 0 });
  expect(atHandlers).toMatchObject(kept);
  // A consumer that had to begin anew is given what it had handled and not committed: at most what may be in flight.
  expect(atHandlers.extraSightings).toBeLessThanOrEqual(rounds * partitions * limits.maxActiveRecords);
});
