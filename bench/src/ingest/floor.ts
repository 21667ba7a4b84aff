import Fastify from 'fastify';
import { Kafka, logLevel, Partitioners, type Message } from 'kafkajs';
import { collectDefaultMetrics, register } from 'prom-client';
import type { FloorEnv } from './job.ts';

const maxBatchRecords = 500;
const { BENCH_BROKERS, BENCH_TOPIC } = process.env as unknown as FloorEnv;

// What one would write by hand: a route that parses JSON, and a producer that sends what has gathered while the request
// before it was on its way.
const client = new Kafka({ brokers: BENCH_BROKERS.split(','), logLevel: logLevel.ERROR });
const producer = client.producer({
  idempotent: true,
  maxInFlightRequests: 1,
  createPartitioner: Partitioners.DefaultPartitioner,
});
let queue: { message: Message; resolve: () => void; reject: (error: unknown) => void }[] = [];
let isSending = false;

interface Failure {
  readonly trace_id: string;
}

async function sendQueued(): Promise<void> {
  isSending = true;
  while (queue.length > 0) {
    const batch = queue.splice(0, maxBatchRecords);
    const messages = batch.map(({ message }) => message);
    try {
      await producer.sendBatch({ acks: -1, topicMessages: [{ topic: BENCH_TOPIC, messages }] });
      for (const each of batch) each.resolve();
    } catch (error) {
      for (const each of batch) each.reject(error);
    }
  }
  isSending = false;
}

function send(failure: Failure): Promise<void> {
  return new Promise((resolve, reject) => {
    queue.push({ message: { key: failure.trace_id, value: JSON.stringify(failure) }, resolve, reject });
    if (!isSending) void sendQueued();
  });
}

await producer.connect();
collectDefaultMetrics();
const app = Fastify({ bodyLimit: 10 * 1024 * 1024 });
app.post('/v1/failures', async (request, reply) => {
  const items = Array.isArray(request.body) ? (request.body as Failure[]) : [request.body as Failure];
  await Promise.all(items.map(send));
  return reply.code(202).send({ accepted: items.length });
});
app.get('/metrics', async () => register.metrics());
const url = await app.listen({ host: '127.0.0.1', port: 0 });
process.send?.({ type: 'ready', addresses: { ingest: url, health: url } });
process.once('disconnect', () => process.exit(0));
