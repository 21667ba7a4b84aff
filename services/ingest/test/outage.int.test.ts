import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { startKafkaProxy, type KafkaProxy } from '@prodsentinel/fault-tools';
import { AuditedLoad } from './audited-load.ts';
import { required, RunningIngest } from './running-ingest.ts';

jest.setTimeout(90_000);

let proxy: KafkaProxy;
let ingest: RunningIngest;

beforeEach(async () => {
  proxy = await startKafkaProxy(required('KAFKA_BROKERS').split(',')[0]!);
  ingest = new RunningIngest(proxy.address);
});
afterEach(async () => {
  await ingest.close();
  await proxy.close();
});

test('a broker that goes away while nothing is sent is noticed: not ready, then ready again by itself', async () => {
  await ingest.start({ LOG_LEVEL: 'fatal' });
  await untilReady(200);
  proxy.set({ kind: 'refuse' });
  await untilReady(503);
  // Nobody had to send something to find out.
  expect(proxy.faults.requestsOf('produce')).toBe(0);
  const answer = await fetch(`${ingest.url}/v1/failures`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"message":"boom"}',
  });
  expect([answer.status, await answer.json()]).toEqual([
    503,
    expect.objectContaining({ code: 'kafka_unavailable' }),
  ]);
  proxy.set({ kind: 'none' });
  await untilReady(200);
});

test('while Kafka hangs, what is held stays within MAX_IN_FLIGHT_BYTES; the rest is sent away at once', async () => {
  const maxBytes = 20_000;
  await ingest.start({ LOG_LEVEL: 'fatal', MAX_IN_FLIGHT_BYTES: String(maxBytes) });
  const load = new AuditedLoad(ingest);
  while ((await load.send()) !== 202);
  proxy.set({ kind: 'hang' });
  const sent = Array.from({ length: 300 }, () => load.send());
  let most = 0;
  // Those that are refused do not wait for those that are held.
  while ((load.statuses.get(503) ?? 0) < 150) most = Math.max(most, (await inFlight())!);
  expect(most).toBeGreaterThan(maxBytes / 2);
  expect(most).toBeLessThanOrEqual(maxBytes);
  proxy.set({ kind: 'none' });
  await Promise.all(sent);
  expect(await inFlight()).toBe(0);
  const { acknowledged } = await load.audit();
  expect(acknowledged).toBeGreaterThan(0);
});

function inFlight(): Promise<number | undefined> {
  return ingest.metric('prodsentinel_ingest_in_flight_bytes');
}

async function untilReady(status: number): Promise<void> {
  while ((await fetch(`${ingest.healthUrl}/health/ready`)).status !== status) await wait(20);
}
