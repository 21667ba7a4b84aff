import { gzipSync, zstdCompressSync } from 'node:zlib';
import { AppError } from '@prodsentinel/kernel';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { otlpMessages } from '../src/otlp/protocol.ts';
import { createTestApp } from './ingest-app.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
const resource = {
  attributes: [
    text('service.name', 'cart'),
    text('deployment.environment.name', 'prod'),
    text('service.version', '1.2'),
    text('host.name', 'h1'),
    text('region', 'eu'),
  ],
};
const failed = {
  timeUnixNano: '1767323045123456789',
  severityNumber: 17,
  severityText: 'ERROR',
  body: { stringValue: 'payment refused' },
  traceId: traceId.toUpperCase(),
  spanId: spanId.toUpperCase(),
  attributes: [
    text('exception.type', 'Refused'),
    text('exception.message', 'no'),
    { key: 'n', value: { intValue: '9223372036854775807' } },
    { key: 'list', value: { arrayValue: { values: [{ boolValue: true }] } } },
  ],
};
const logs = (...logRecords: object[]) => ({ resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] });

type Payload = string | Buffer | object;

function send(
  app: ReturnType<typeof createTestApp>['app'],
  payload: Payload,
  headers = {},
  url = '/v1/logs',
) {
  const isBinary = Buffer.isBuffer(payload);
  const type = isBinary ? 'application/x-protobuf' : 'application/json';
  const body = isBinary || typeof payload === 'string' ? payload : JSON.stringify(payload);
  return app.inject({ method: 'POST', url, headers: { 'content-type': type, ...headers }, payload: body });
}

/** What a sender's library writes: ids as bytes. */
function encodeLogs(json: ReturnType<typeof logs>): Buffer {
  const withBytes = JSON.parse(JSON.stringify(json), (key, value: unknown) =>
    key === 'traceId' || key === 'spanId' ? Buffer.from(value as string, 'hex').toString('base64') : value,
  ) as object;
  const { logsRequest } = otlpMessages;
  return Buffer.from(logsRequest.encode(logsRequest.fromObject(withBytes)).finish());
}

describe('OTLP logs', () => {
  test.each([
    ['JSON', logs(failed)],
    ['protobuf', encodeLogs(logs(failed))],
  ])('a record in %s is mapped field by field, and success is an empty message', async (_name, payload) => {
    const { app, producer } = createTestApp();
    const answer = await send(app, payload);
    expect(answer.statusCode).toBe(200);
    expect(String(answer.headers['content-type']).split(';')[0]).toBe(
      Buffer.isBuffer(payload) ? 'application/x-protobuf' : 'application/json',
    );
    expect(answer.body).toBe(Buffer.isBuffer(payload) ? '' : '{}');
    expect(producer.sent).toHaveLength(1);
    expect(producer.sent[0]).toMatchObject({ key: traceId });
    expect(producer.sent[0]!.value).toMatchObject({
      kind: 'log',
      service: 'cart',
      environment: 'prod',
      release: '1.2',
      host: 'h1',
      traceId,
      spanId,
      severityNumber: 17,
      severityText: 'ERROR',
      message: 'payment refused',
      exception: { type: 'Refused', message: 'no', stack: null },
      occurredAt: 1_767_323_045_123_456,
      attributes: { region: 'eu', n: '9223372036854775807', list: '[true]' },
      signalId: expect.stringMatching(/^[0-9a-f]{64}:0$/),
    });
  });

  test.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('%s is taken', async (encoding, compress) => {
    const { app, producer } = createTestApp();
    const answer = await send(app, compress(encodeLogs(logs(failed))), { 'content-encoding': encoding });
    expect([answer.statusCode, producer.sent.length]).toEqual([200, 1]);
  });

  test('what is not severe or says nothing of its severity is filtered, which is no rejection', async () => {
    const { app, producer } = createTestApp();
    const answer = await send(
      app,
      logs({ body: { stringValue: 'x' } }, { severityNumber: 9 }, { eventName: 'a.exception' }),
    );
    expect([answer.statusCode, answer.json()]).toEqual([200, {}]);
    expect(producer.sent).toHaveLength(1);
    expect(producer.sent[0]!.value.attributes).toMatchObject({ 'event.name': 'a.exception' });
  });

  test('records that cannot be written are counted and named in a partial success', async () => {
    const { app, producer } = createTestApp();
    producer.fault = (records) =>
      records.some(({ value }) => value.message === 'bad')
        ? new AppError('invalid_input', 'too large')
        : undefined;
    const bad = { ...failed, body: { stringValue: 'bad' } };
    const json = await send(app, logs(failed, bad));
    expect([json.statusCode, json.json()]).toMatchObject([
      200,
      { partialSuccess: { rejectedLogRecords: '1' } },
    ]);
    const binary = await send(app, encodeLogs(logs(failed, bad)));
    const decoded = otlpMessages.logsResponse.toObject(otlpMessages.logsResponse.decode(binary.rawPayload), {
      longs: String,
    });
    expect(decoded).toMatchObject({
      partialSuccess: { rejectedLogRecords: '1', errorMessage: expect.stringContaining('item 1') },
    });
  });

  test('Kafka away is 503 with Retry-After and a status in the encoding of the request', async () => {
    const { app, producer } = createTestApp();
    producer.fault = () => new AppError('unavailable', 'away');
    const answer = await send(app, encodeLogs(logs(failed)));
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '5']);
    const { status } = otlpMessages;
    expect(status.toObject(status.decode(answer.rawPayload))).toMatchObject({ code: 14 });
  });

  test.each<[string, Payload, number]>([
    ['broken JSON', '{"resourceLogs":[', 400],
    ['an array', '[]', 400],
    ['a text', '"x"', 400],
    ['an empty body as JSON', '', 400],
    ['resourceLogs as a number', { resourceLogs: 1 }, 400],
    ['a record that is a text', { resourceLogs: [{ scopeLogs: [{ logRecords: ['x'] }] }] }, 400],
    ['an id that is not hex', logs({ ...failed, traceId: 'zz' }), 400],
    ['a severity by name', logs({ severityNumber: 'SEVERITY_NUMBER_ERROR' }), 400],
    ['a negative time', logs({ timeUnixNano: '-1' }), 400],
    ['a fractional time', logs({ timeUnixNano: 1.5 }), 400],
    ['10,000-deep nesting', deep(10_000), 400],
    ['nesting just beyond the limit', deep(40), 400],
    ['protobuf cut short', encodeLogs(logs(failed)).subarray(0, 40), 400],
    ['protobuf of wrong wire types', Buffer.from('0a020801', 'hex'), 400],
    ['an unending varint', Buffer.alloc(20, 0xff), 400],
    ['more records than allowed', logs(...Array.from({ length: 101 }, () => failed)), 413],
    ['a body that is too large', logs({ body: { stringValue: 'x'.repeat(1_000_000) } }), 413],
  ])('%s is refused without a 500, and nothing is sent', async (_name, payload, status) => {
    const { app, producer, inFlight } = createTestApp();
    const answer = await send(app, payload);
    expect([answer.statusCode, producer.sends, inFlight.bytes]).toEqual([status, [], 0]);
  });

  test.each([
    [10, 200],
    [10_000, 400],
  ])('protobuf nested %i deep is answered %i, without a crash', async (depth, status) => {
    const { app } = createTestApp();
    const levels = Array.from({ length: depth * 2 }, (_, at) => (at % 2 ? 0x0a : 0x2a));
    const body = nested([0x0a, 0x12, 0x12, 0x2a, ...levels]);
    const answer = await send(app, body);
    expect(answer.statusCode).toBe(status);
  });

  test('no bytes make it answer 500', async () => {
    const { app } = createTestApp();
    const good = encodeLogs(logs(failed));
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.uint8Array({ maxLength: 12 }), async (at, noise) => {
        const bytes = Buffer.concat([good.subarray(0, at), noise, good.subarray(at + noise.length)]);
        const answer = await send(app, bytes);
        expect([200, 400]).toContain(answer.statusCode);
      }),
      { numRuns: 300 },
    );
  });

  test('another content type is 415 and says what is taken', async () => {
    const { app } = createTestApp();
    const answer = await send(app, 'x', { 'content-type': 'text/plain' });
    expect([answer.statusCode, answer.headers['accept']]).toEqual([
      415,
      'application/x-protobuf, application/json',
    ]);
  });
});

describe('OTLP traces', () => {
  test('a failed span with an exception event is passed on, an ordinary one filtered', async () => {
    const { app, producer } = createTestApp();
    const span = {
      traceId,
      spanId,
      parentSpanId: '00f067aa0ba902b7',
      name: 'POST /pay',
      startTimeUnixNano: '1767323045000000000',
      endTimeUnixNano: '1767323045250000000',
    };
    const event = {
      name: 'exception',
      attributes: [text('exception.type', 'E'), text('exception.message', 'm')],
    };
    const spans = [{ ...span, status: { code: 2 }, events: [event] }, span];
    const answer = await send(
      app,
      { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] },
      {},
      '/v1/traces',
    );
    expect([answer.statusCode, answer.json()]).toEqual([200, {}]);
    expect(producer.sent.map(({ value }) => value)).toMatchObject([
      {
        kind: 'span',
        service: 'cart',
        parentSpanId: '00f067aa0ba902b7',
        severityNumber: 17,
        message: 'm',
        exception: { type: 'E', message: 'm' },
        span: { name: 'POST /pay', durationMicros: 250_000, status: 'error' },
        occurredAt: 1_767_323_045_250_000,
      },
    ]);
  });
});

test('a failed span without an exception of its own has its error.type; what else its exception says is kept', async () => {
  const { app, producer } = createTestApp();
  const span = { traceId, spanId, name: 'POST /pay', attributes: [text('error.type', 'ENOTFOUND')] };
  const escaped = [text('exception.type', 'E'), text('exception.escaped', 'False')];
  const spans = [
    { ...span, status: { code: 2 } },
    { ...span, status: { code: 2 }, events: [{ name: 'exception', attributes: escaped }] },
    span,
  ];
  await send(app, { resourceSpans: [{ scopeSpans: [{ spans }] }] }, {}, '/v1/traces');
  expect(producer.sent.map(({ value }) => value)).toMatchObject([
    { message: 'POST /pay', exception: { type: 'ENOTFOUND', message: null }, attributes: {} },
    { exception: { type: 'E' }, attributes: { 'error.type': 'ENOTFOUND', 'exception.escaped': 'False' } },
  ]);
  expect(producer.sent[0]!.value.attributes).toEqual({});
});

test('the shape of the original system is taken on /ingest/logs', async () => {
  const { app, producer } = createTestApp();
  const id = '7b0f3f6e-7c4e-4f0e-9d0a-0a8e3c1b2d4f';
  const body = {
    signal_id: id,
    trace_id: traceId,
    service_name: 'pay',
    timestamp: '2026-01-01T00:00:00Z',
    level: 'CRITICAL',
    message: 'm',
    attributes: { a: 1 },
  };
  const answer = await send(app, body, {}, '/ingest/logs');
  expect(answer.statusCode).toBe(202);
  expect(producer.sent[0]!.value).toMatchObject({
    signalId: id,
    traceId,
    service: 'pay',
    severityNumber: 21,
    attributes: { a: '1' },
  });
});

/** JSON of an attribute whose arrays nest so deep. */
function deep(depth: number): string {
  const value = `${'{"arrayValue":{"values":['.repeat(depth)}${']}}'.repeat(depth)}`;
  return `{"resourceLogs":[{"resource":{"attributes":[{"key":"k","value":${value}}]}}]}`;
}

/** Length-delimited protobuf fields, each inside the one before it; the innermost is empty. */
function nested(tags: readonly number[]): Buffer {
  const heads: Buffer[] = [];
  let bytes = 0;
  for (const tag of tags.toReversed()) {
    const head = [tag];
    let rest = bytes;
    for (; rest > 127; rest >>>= 7) head.push((rest & 127) | 128);
    heads.push(Buffer.from([...head, rest]));
    bytes += head.length + 1;
  }
  return Buffer.concat(heads.toReversed());
}
