import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { startTcpProxy } from '@prodsentinel/fault-tools';
import { createLogger, Health } from '@prodsentinel/process';
import { readIngestConfig } from '../src/config.ts';
import { connectRateRedis } from '../src/senders/connect-rate-redis.ts';
import { SenderRates } from '../src/senders/sender-rates.ts';
import { TokenAdmission } from '../src/senders/token-admission.ts';
import { createIngestService } from '../src/service.ts';
import { FakeProducer } from './fake-producer.ts';
import { createTestApp, post } from './ingest-app.ts';

const token = 'ps_a-token';
const authorization = { authorization: `Bearer ${token}` };
const redisUrl = new URL(process.env['REDIS_URL']!);
const ends: (() => unknown)[] = [];

const state = { current: 0 };

afterEach(async () => {
  state.current++;
  for (const end of ends.splice(0).toReversed()) await end();
});

describe('the rate of a source', () => {
  test('is one for all processes: what one took the others do not have; then 429 says when to come back', async () => {
    const prefix = randomUUID();
    const apps = await Promise.all([1, 2, 3, 4].map(() => startApp(prefix, redisUrl.href)));
    // Alone, each of the four would take its own rate; shared, a new second may begin once or twice in between.
    const { statuses, refusal } = await untilRefused(apps.map(({ app }) => app));
    expect(statuses.length).toBeLessThanOrEqual(3 * rate);
    expect(refusal.headers['retry-after']).toBe('1');
    expect(refusal.json()).toMatchObject({ status: 429, code: 'rate_exceeded' });
    const sent = apps.reduce((sum, { producer }) => sum + producer.sent.length, 0);
    expect(sent).toBe(statuses.length);
  });

  test('is bounded by each process alone while Redis is cut off, and shared again after', async () => {
    const proxy = await startTcpProxy({ host: redisUrl.hostname, port: Number(redisUrl.port) });
    ends.push(() => proxy.close());
    const { app, redis } = await startApp(randomUUID(), `redis://127.0.0.1:${proxy.port}`);
    await until(() => redis.status === 'ready');
    expect((await post(app, { message: 'boom' }, authorization)).statusCode).toBe(202);
    proxy.set({ kind: 'refuse' });
    proxy.cut();
    await until(() => redis.status !== 'ready');
    const { statuses } = await untilRefused([app]);
    expect(statuses.length).toBeGreaterThan(0);
    expect(statuses.length).toBeLessThanOrEqual(2 * rate);
    proxy.set({ kind: 'none' });
    await until(() => redis.status === 'ready');
  });

  test('that is not shared is told by health: degraded, and still ready', async () => {
    const proxy = await startTcpProxy({ host: redisUrl.hostname, port: Number(redisUrl.port) });
    ends.push(() => proxy.close());
    const directory = await mkdtemp(join(tmpdir(), 'rates-'));
    ends.push(() => rm(directory, { recursive: true }));
    const path = join(directory, 'tokens.json');
    await writeFile(path, tokensOf(rate));
    const health = new Health();
    const config = readIngestConfig({
      KAFKA_BROKERS: 'localhost:1',
      SCHEMA_REGISTRY_URL: 'http://localhost:1',
      INGEST_PORT: '0',
      INGEST_TOKENS_FILE: path,
      REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
    });
    const context = { logger: silent(), health, signal: new AbortController().signal };
    const service = createIngestService(config, context, { producer: new FakeProducer() });
    ends.push(() => service.stop());
    await service.start();
    await until(() => health.stages['ingest']?.state === 'running');
    proxy.set({ kind: 'refuse' });
    await until(() => health.stages['ingest']?.state === 'degraded');
    expect([health.isReady, health.stages['ingest']?.reason]).toEqual([
      true,
      expect.stringContaining('Redis'),
    ]);
    proxy.set({ kind: 'none' });
    await until(() => health.stages['ingest']?.state === 'running');
  });
});

const rate = 20;

function tokensOf(requestsPerSecond: number): string {
  const sha256 = createHash('sha256').update(token).digest('hex');
  return JSON.stringify({ tokens: [{ name: 'shop', sha256, requestsPerSecond }] });
}

function silent() {
  return createLogger('ingest', { LOG_LEVEL: 'silent', LOG_FORMAT: 'json' });
}

async function startApp(prefix: string, url: string) {
  const redis = connectRateRedis(url, silent());
  const rates = new SenderRates(redis, prefix);
  ends.push(() => rates.close());
  const admission = new TokenAdmission(rates);
  admission.use([tokensOf(rate)]);
  await until(() => redis.status === 'ready');
  return { ...createTestApp({ admission }), redis };
}

/** Asks one after the other in turn until one refuses. */
async function untilRefused(apps: ReturnType<typeof createTestApp>['app'][]) {
  const statuses: number[] = [];
  for (let turn = 0; ; turn++) {
    const answer = await post(apps[turn % apps.length]!, { message: 'boom' }, authorization);
    if (answer.statusCode !== 202) return { statuses, refusal: answer };
    statuses.push(answer.statusCode);
  }
}

/** Ends with the test: what never becomes so must not keep the process alive. */
async function until(isSo: () => boolean): Promise<void> {
  const { current } = state;
  while (!isSo()) {
    if (current !== state.current) throw new Error('the test was over before it became so');
    await wait(10);
  }
}
