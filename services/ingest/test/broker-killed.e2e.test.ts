import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, jest, test } from '@jest/globals';
import { startStack, type Stack } from '@prodsentinel/local-stack';
import { AuditedLoad } from './audited-load.ts';
import { RunningIngest } from './running-ingest.ts';

jest.setTimeout(180_000);

const state = { isOver: false };
let stack: Stack;
let ingest: RunningIngest;

beforeAll(async () => {
  stack = await startStack({ source: 'processes' });
  ingest = new RunningIngest(undefined, stack.env);
  await ingest.start({ LOG_LEVEL: 'fatal' });
});
afterAll(async () => {
  state.isOver = true;
  await ingest?.close();
  await stack?.stop();
});

test('a broker that is killed with -9 and restarted under load costs nothing that was answered as accepted', async () => {
  const load = new AuditedLoad(ingest);
  const { kafka } = stack.servers!;
  const sender = async () => {
    while (!state.isOver) {
      const status = await load.send();
      // As Retry-After asks, in small.
      if (status === 503) await wait(50);
    }
  };
  const senders = Array.from({ length: 20 }, sender);
  await until(() => load.acknowledged >= 1_000);
  await kafka.kill('SIGKILL');
  const beforeOutage = load.acknowledged;
  await until(() => (load.statuses.get(503) ?? 0) >= 20);
  await untilReady(503);
  await kafka.restart();
  await until(() => load.acknowledged >= beforeOutage + 1_000);
  await untilReady(200);
  state.isOver = true;
  await Promise.all(senders);
  const { acknowledged, unknown, unknownSeen } = await load.audit();
  process.stderr.write(`acknowledged ${acknowledged}, unknown ${unknown} (in Kafka: ${unknownSeen})\n`);
});

async function untilReady(status: number): Promise<void> {
  for (;;) {
    const answer = await fetch(`${ingest.healthUrl}/health/ready`);
    if (answer.status === status) return;
    await wait(20);
  }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await wait(10);
}
