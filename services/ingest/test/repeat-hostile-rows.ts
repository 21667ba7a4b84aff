import { request as httpRequest, Agent } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLogger } from '@prodsentinel/process';
import { Registry } from 'prom-client';
import { InFlightBytes } from '../src/http/in-flight-bytes.ts';
import { createMetrics } from '../src/metrics.ts';
import { createServer } from '../src/server.ts';
import { FakeProducer } from './fake-producer.ts';
import { hostileRows, type HostileRow } from './hostile-rows.ts';

// Sends the whole table again and again, and says how many bytes are held after each part of the rounds, when all garbage
// is collected. Run with --expose-gc.
const rounds = process.argv.slice(2).map(Number);
const inFlight = new InFlightBytes(64 * 1024 * 1024);
const app = createServer({
  logger: createLogger('ingest', { LOG_LEVEL: 'silent', LOG_FORMAT: 'json' }),
  producer: new FakeProducer(),
  inFlight,
  metrics: createMetrics(new Registry(), () => inFlight.bytes),
  minSeverityNumber: 13,
  requestTimeoutMs: 5_000,
  now: () => 0,
  limits: { maxBodyBytes: 1_000_000, maxItems: 100, maxItemBytes: 100_000, maxDepth: 20 },
});
await app.listen({ host: '127.0.0.1', port: 0 });
const { port } = app.server.address() as AddressInfo;
const agent = new Agent({ keepAlive: true, maxSockets: 8 });

function send({ body, headers }: HostileRow): Promise<number> {
  return new Promise((resolve, reject) => {
    const path = '/v1/failures';
    const all = { 'content-type': 'application/json', ...headers, 'content-length': Buffer.byteLength(body) };
    const sent = httpRequest(
      { port, host: '127.0.0.1', method: 'POST', path, agent, headers: all },
      (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode!));
      },
    );
    sent.on('error', reject).end(body);
  });
}

const heldBytes: number[] = [];
for (const count of rounds) {
  for (let round = 0; round < count; round++) {
    for (const row of hostileRows) {
      const status = await send(row);
      if (status !== row.status) throw new Error(`${row.name}: answered ${status} instead of ${row.status}`);
    }
  }
  for (let collection = 0; collection < 3; collection++) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc!();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  heldBytes.push(heapUsed + arrayBuffers);
}
agent.destroy();
await app.close();
process.stdout.write(
  JSON.stringify({ heldBytes, requestsInRound: hostileRows.length, inFlightBytes: inFlight.bytes }),
);
