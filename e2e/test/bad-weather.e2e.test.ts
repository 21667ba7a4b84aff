import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startWholeSystem, type WholeSystem } from './whole-system.ts';

jest.setTimeout(180_000);

let whole: WholeSystem;

beforeAll(async () => {
  whole = await startWholeSystem();
});

afterAll(() => whole?.stop());

function post(service: string): Promise<Response> {
  const { ingest } = whole.system.services.ingest[0]!.addresses;
  return fetch(`${ingest}/v1/failures`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ service, level: 'error', message: `ENOSPC: no space left on ${service}` }),
  });
}

async function readiness(name: 'ingest' | 'analyzer' | 'persister') {
  const response = await fetch(`${whole.system.services[name][0]!.addresses['health']}/health/ready`);
  const { stages } = (await response.json()) as { stages: Record<string, { state: string; reason: string }> };
  return { status: response.status, stages };
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 100));
}

function analysed(service: string): Promise<void> {
  return whole.untilTrue(
    `select count(*) = 1 from incidents where '${service}' = any(services) and failure_count = 1 and current_analysis_id is not null`,
  );
}

test('PostgreSQL away: the persister pauses, says so, and carries on where it was', async () => {
  const { postgres } = whole.stack.servers!;
  await postgres.kill('SIGKILL');
  expect((await post('during-postgres')).status).toBe(202);
  await until(async () => (await readiness('persister')).stages['persist']?.state === 'paused');
  expect((await readiness('persister')).status).toBe(503);
  await postgres.restart();
  await analysed('during-postgres');
  await until(async () => (await readiness('persister')).status === 200);
});

test('Redis away: observe and the rules go on, degraded, and recover', async () => {
  const { redis } = whole.stack.servers!;
  await redis.kill('SIGKILL');
  await until(async () => (await readiness('analyzer')).stages['observe']?.state === 'degraded');
  expect((await readiness('analyzer')).status).toBe(200);
  expect((await post('during-redis')).status).toBe(202);
  await analysed('during-redis');
  await redis.restart();
  await until(async () => (await readiness('analyzer')).stages['observe']?.state === 'running');
});

test('Kafka away: ingest says no instead of losing anything, and everything carries on without a restart', async () => {
  const { kafka } = whole.stack.servers!;
  const pids = Object.values(whole.system.services).flatMap((services) => services.map(({ pid }) => pid));
  await kafka.kill('SIGKILL');
  const refused = await post('before-kafka-is-back');
  expect([refused.status, refused.headers.has('retry-after')]).toEqual([503, true]);
  await kafka.restart();
  await until(async () => (await post('after-kafka')).status === 202);
  await whole.untilTrue(
    `select count(*) = 1 from incidents where 'after-kafka' = any(services) and current_analysis_id is not null`,
  );
  expect(Object.values(whole.system.services).flatMap((services) => services.map(({ pid }) => pid))).toEqual(
    pids,
  );
});
