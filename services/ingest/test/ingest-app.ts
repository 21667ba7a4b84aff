import { afterEach, expect } from '@jest/globals';
import { createLogger } from '@prodsentinel/process';
import { Registry } from 'prom-client';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { InFlightBytes } from '../src/http/in-flight-bytes.ts';
import { createMetrics } from '../src/metrics.ts';
import { createServer, type ServerOptions } from '../src/server.ts';
import { undocumented } from './documented-answers.ts';
import { FakeProducer } from './fake-producer.ts';

export const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5);

/** What answers of this file's tests the OpenAPI document does not say. */
const undocumentedAnswers: string[] = [];
/** What each app of the test holds: nothing, once all is answered. */
const held: InFlightBytes[] = [];
afterEach(() => {
  expect(undocumentedAnswers.splice(0)).toEqual([]);
  expect(held.splice(0).filter(({ bytes }) => bytes !== 0)).toEqual([]);
});

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
  holdAgainstDocument(app);
  held.push(inFlight);
  return { app, producer, registry, inFlight };
}

/** Unknown routes are in no document: their tests say what they answer. */
function holdAgainstDocument(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const path = request.routeOptions.url;
    if (path === undefined) return;
    const body = Buffer.isBuffer(payload) ? payload : Buffer.from((payload ?? '') as string);
    const { method } = request;
    const fault = undocumented({
      path,
      method,
      status: reply.statusCode,
      headers: reply.getHeaders(),
      body,
    });
    if (fault !== undefined) undocumentedAnswers.push(fault);
  });
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
