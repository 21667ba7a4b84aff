import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { SeverityNumber, SpanStatusCode, trace, ROOT_CONTEXT } from '@opentelemetry/api';
import { OTLPLogExporter as JsonLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtobufLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { RunningIngest } from './running-ingest.ts';

jest.setTimeout(90_000);

// OpenTelemetry's own SDK for Node, as an application uses it.
const resource = resourceFromAttributes({
  'service.name': 'cart',
  'service.version': '1.2.3',
  'deployment.environment.name': 'production',
  'host.name': 'node-7',
});
let ingest: RunningIngest;

beforeAll(async () => {
  ingest = new RunningIngest();
  await ingest.start();
});
afterAll(() => ingest.close());

test.each([
  { encoding: 'protobuf', Exporter: ProtobufLogExporter },
  { encoding: 'JSON', Exporter: JsonLogExporter },
])('log records in $encoding arrive, and what is not severe does not', async ({ encoding, Exporter }) => {
  const exporter = new Exporter({ url: `${ingest.url}/v1/logs` });
  const provider = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter })] });
  const logger = provider.getLogger('shop');
  const spanContext = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: 1,
  };
  const message = `payment refused, ${encoding}`;
  logger.emit({ severityNumber: SeverityNumber.INFO, body: `quiet ${encoding}` });
  logger.emit({
    severityNumber: SeverityNumber.ERROR,
    severityText: 'ERROR',
    body: message,
    timestamp: Date.UTC(2026, 0, 2, 3, 4, 5),
    context: trace.setSpanContext(ROOT_CONTEXT, spanContext),
    attributes: { 'exception.type': 'PaymentError', 'exception.message': 'card expired', attempt: 3 },
  });
  await provider.shutdown();
  const { key, value } = await find(message);
  expect(key).toBe(spanContext.traceId);
  expect(value).toMatchObject({
    kind: 'log',
    traceId: spanContext.traceId,
    spanId: spanContext.spanId,
    service: 'cart',
    release: '1.2.3',
    environment: 'production',
    host: 'node-7',
    severityNumber: 17,
    occurredAt: Date.UTC(2026, 0, 2, 3, 4, 5) * 1000,
    exception: { type: 'PaymentError', message: 'card expired' },
    attributes: { attempt: '3' },
  });
  const all = await ingest.consume((records) => records.some(({ value: { message: m } }) => m === message));
  expect(all.filter(({ value: { message: m } }) => m.startsWith('quiet'))).toEqual([]);
});

test('a failed span with its exception arrives, one that went well does not', async () => {
  const exporter = new OTLPTraceExporter({ url: `${ingest.url}/v1/traces` });
  const provider = new TracerProvider({ resource, spanProcessors: [new BatchSpanProcessor({ exporter })] });
  const tracer = provider.getTracer('shop');
  tracer.startSpan('went well').end();
  const span = tracer.startSpan('charge card');
  span.recordException(new RangeError('no such card'));
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'charge failed' });
  span.end();
  await provider.shutdown();
  const { key, value } = await find('charge failed');
  const { traceId, spanId } = span.spanContext();
  expect(key).toBe(traceId);
  expect(value).toMatchObject({
    kind: 'span',
    traceId,
    spanId,
    service: 'cart',
    severityNumber: 17,
    span: { name: 'charge card', status: 'error', durationMicros: expect.any(Number) },
    exception: { type: 'RangeError', message: 'no such card', stack: expect.stringContaining('RangeError') },
  });
});

async function find(message: string) {
  const records = await ingest.consume((batch) => batch.some(({ value }) => value.message === message));
  return records.find(({ value }) => value.message === message)!;
}
