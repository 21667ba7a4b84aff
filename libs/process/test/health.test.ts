import { afterEach, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { Counter, Gauge, Registry } from 'prom-client';
import { AppError } from '@prodsentinel/kernel';
import { Health } from '../src/health.ts';
import type { HealthPart } from '../src/health-part.ts';

let server: FastifyInstance | undefined;

afterEach(async () => {
  await server?.close();
});

async function serve(health: Health) {
  server = await health.serve('127.0.0.1', 0);
  return async (path: string) => {
    const response = await fetch(`${server!.listeningOrigin}${path}`);
    return { status: response.status, text: await response.text() };
  };
}

function countOf(registry: Registry, count: number): void {
  new Counter({ name: 'things_total', help: 'h', labelNames: ['kind'], registers: [registry] }).inc(
    { kind: 'a' },
    count,
  );
}

async function stuck(): Promise<undefined> {
  throw new AppError('unavailable', 'thread 2 does not turn');
}

function partOf(name: string, registry: Registry, turns = async () => undefined): HealthPart {
  return { name, turns, readMetrics: () => registry.getMetricsAsJSON() };
}

test('the metrics of the parts are summed up with those of the process, until a part is gone', async () => {
  const health = new Health();
  const get = await serve(health);
  countOf(health.metrics, 1);
  const [one, two] = [new Registry(), new Registry()];
  countOf(one, 10);
  countOf(two, 100);
  new Gauge({ name: 'only_there', help: 'h', registers: [two] }).set(7);
  const exclude = health.include(partOf('one', one));
  health.include(partOf('two', two));
  const { text } = await get('/metrics');
  expect(text).toContain('things_total{kind="a"} 111');
  expect(text).toContain('only_there 7');
  expect(text).toContain('process_cpu_seconds_total');
  // What Node.js would leave out of a sum.
  expect(text).toContain('process_start_time_seconds');
  exclude();
  expect((await get('/metrics')).text).toContain('things_total{kind="a"} 101');
});

test('the process is live while all its parts are, and says which is not', async () => {
  const health = new Health();
  const get = await serve(health);
  expect(await get('/health/live')).toEqual({ status: 200, text: '{"live":true}' });
  health.include(partOf('one', new Registry()));
  expect((await get('/health/live')).status).toBe(200);
  health.include(partOf('two', new Registry(), stuck));
  expect(await get('/health/live')).toEqual({
    status: 503,
    text: '{"live":false,"reason":"thread 2 does not turn"}',
  });
});
