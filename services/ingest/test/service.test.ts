import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { AppError } from '@prodsentinel/kernel';
import { createLogger, Health } from '@prodsentinel/process';
import { readIngestConfig } from '../src/config.ts';
import { createIngestService } from '../src/service.ts';
import { FakeProducer } from './fake-producer.ts';

const env = { KAFKA_BROKERS: 'localhost:1', SCHEMA_REGISTRY_URL: 'http://localhost:1', INGEST_PORT: '0' };

describe('the life of ingest', () => {
  test('it listens at once, answers 503 until Kafka is reached, then takes', async () => {
    const { service, producer, health, startGate } = create();
    const started = service.start();
    const url = await addressOf(service);
    const early = await send(url);
    expect([early.status, early.headers.get('retry-after')]).toEqual([503, '5']);
    expect([health.isReady, health.stages['ingest']?.state]).toEqual([false, 'starting']);
    expect(producer.sends).toEqual([]);
    startGate.resolve();
    await started;
    expect(health.stages['ingest']).toEqual({ state: 'running', reason: '' });
    expect((await send(url)).status).toBe(202);
    await service.stop();
    expect(producer.isStopped).toBe(true);
  });

  test('its stage is paused, with the reason, while Kafka is away, and running when it is back', async () => {
    const { service, producer, health, startGate } = create();
    startGate.resolve();
    await service.start();
    producer.isReachable = false;
    await until(() => health.stages['ingest']?.state === 'paused');
    expect(health.stages['ingest']?.reason).toContain('Kafka');
    producer.isReachable = true;
    await until(() => health.stages['ingest']?.state === 'running');
    await service.stop();
  });

  test('stopping waits for what is in flight, and stops the producer only then', async () => {
    const { service, producer, startGate } = create();
    startGate.resolve();
    await service.start();
    const acknowledged = Promise.withResolvers<void>();
    producer.gate = acknowledged.promise;
    const answer = send(await addressOf(service));
    await until(() => producer.sends.length === 1);
    const stopped = service.stop();
    expect(producer.isStopped).toBe(false);
    acknowledged.resolve();
    expect((await answer).status).toBe(202);
    await stopped;
    expect(producer.isStopped).toBe(true);
  });

  test('a client that is still sending does not hold up the stop longer than the drain time', async () => {
    const { service, startGate } = create({ DRAIN_MS: '50' });
    startGate.resolve();
    await service.start();
    const endless = new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from('{')) });
    const answer = fetch(`${await addressOf(service)}/v1/failures`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: endless,
      duplex: 'half',
    }).catch((error: unknown) => error);
    await until(async () => (await service.inFlight()) > 0);
    await service.stop();
    expect((await answer) as Error).toMatchObject({ message: 'fetch failed' });
  });

  test('a taken port is a wrong configuration that names the settings', async () => {
    const first = create();
    first.startGate.resolve();
    await first.service.start();
    const port = new URL(await addressOf(first.service)).port;
    const second = create({ INGEST_PORT: port });
    await expect(second.service.start()).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('INGEST_PORT'),
    });
    await second.service.stop();
    await first.service.stop();
  });

  test('what start finds wrong with Kafka ends the start', async () => {
    const { service, startGate } = create();
    startGate.reject(new AppError('contract_mismatch', 'topic failures is missing'));
    await expect(service.start()).rejects.toMatchObject({ code: 'contract_mismatch' });
    await service.stop();
  });
});

function create(overrides: Record<string, string> = {}) {
  const producer = new FakeProducer();
  const startGate = Promise.withResolvers<void>();
  startGate.promise.catch(() => undefined);
  producer.start = () => startGate.promise;
  const health = new Health();
  const config = readIngestConfig({ ...env, ...overrides });
  const logger = createLogger('ingest', { LOG_LEVEL: 'silent', LOG_FORMAT: 'json' });
  const context = { logger, health, signal: new AbortController().signal };
  const service = createIngestService(config, context, { producer });
  const inFlight = async () =>
    Number(/^prodsentinel_ingest_in_flight_bytes (\d+)/m.exec(await health.metrics.metrics())?.[1]);
  return { service: Object.assign(service, { inFlight }), producer, health, startGate };
}

async function addressOf(service: { addresses?: Readonly<Record<string, string>> }): Promise<string> {
  await until(() => service.addresses?.['ingest'] !== undefined);
  return service.addresses!['ingest']!;
}

function send(url: string): Promise<Response> {
  return fetch(`${url}/v1/failures`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ message: 'boom' }),
  });
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await wait(5);
}
