import { createLogger } from '@prodsentinel/process';
import { Registry } from 'prom-client';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { InFlightBytes } from '../src/http/in-flight-bytes.ts';
import { createMetrics } from '../src/metrics.ts';
import { createServer, type ServerOptions } from '../src/server.ts';
import { FakeProducer } from './fake-producer.ts';

export const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5);

/** Ingest's HTTP side with a producer that is told what to say. */
export function createTestApp(overrides: Partial<ServerOptions> = {}) {
  const producer = new FakeProducer();
  const registry = new Registry();
  const inFlight = overrides.inFlight ?? new InFlightBytes(64 * 1024 * 1024);
  const limits = { maxBodyBytes: 1_000_000, maxItems: 100, maxItemBytes: 100_000, maxDepth: 20 };
  const app = createServer({
    logger: createLogger('ingest', { LOG_LEVEL: 'silent', LOG_FORMAT: 'json' }),
    producer,
    inFlight,
    metrics: createMetrics(registry, () => inFlight.bytes),
    minSeverityNumber: 13,
    requestTimeoutMs: 5_000,
    now: () => nowMs,
    ...overrides,
    limits: { ...limits, ...overrides.limits },
  });
  return { app, producer, registry, inFlight };
}

/** Posts a body; an object is sent as JSON. */
export async function post(
  app: FastifyInstance,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<LightMyRequestResponse> {
  const payload = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return app.inject({
    method: 'POST',
    url: '/v1/failures',
    headers: { 'content-type': 'application/json', ...headers },
    payload,
  });
}
