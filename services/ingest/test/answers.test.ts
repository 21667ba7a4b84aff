import { gzipSync, deflateSync } from 'node:zlib';
import { AppError } from '@prodsentinel/kernel';
import { describe, expect, test } from '@jest/globals';
import { InFlightBytes } from '../src/http/in-flight-bytes.ts';
import { createTestApp, nowMs, post } from './ingest-app.ts';

const failure = {
  service: 'cart',
  severityText: 'ERROR',
  message: 'boom',
  occurredAt: '2026-01-01T00:00:00Z',
};
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('what is taken', () => {
  test('one object is answered 202 and is in Kafka with the time of receipt', async () => {
    const { app, producer } = createTestApp();
    const answer = await post(app, { ...failure, receivedAt: 'a lie' });
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toEqual({ accepted: 1, filtered: 0, refused: [] });
    expect(producer.sent).toHaveLength(1);
    expect(producer.sent[0]).toMatchObject({ topic: 'failures', key: 'cart', headers: {} });
    expect(producer.sent[0]!.value).toMatchObject({
      service: 'cart',
      message: 'boom',
      severityNumber: 17,
      receivedAt: nowMs * 1000,
      occurredAt: Date.UTC(2026, 0, 1) * 1000,
    });
  });

  test('an array is taken item by item, in order', async () => {
    const { app, producer } = createTestApp();
    const answer = await post(app, [{ message: 'a' }, { message: 'b' }, { message: 'c' }]);
    expect(answer.json()).toEqual({ accepted: 3, filtered: 0, refused: [] });
    expect(producer.sent.map(({ value }) => value.message)).toEqual(['a', 'b', 'c']);
  });

  test('an empty array is nothing to do, not an error', async () => {
    const { app } = createTestApp();
    const answer = await post(app, ' [ ] ');
    expect([answer.statusCode, answer.json()]).toEqual([202, { accepted: 0, filtered: 0, refused: [] }]);
  });

  test.each(['application/x-ndjson', 'application/ndjson', 'application/x-ndjson; charset=UTF-8'])(
    'lines are taken as %s, blank ones skipped, with any line ending',
    async (contentType) => {
      const { app, producer } = createTestApp();
      const answer = await post(app, '{"message":"a"}\r\n\n  \n{"message":"b"}', {
        'content-type': contentType,
      });
      expect(answer.json()).toEqual({ accepted: 2, filtered: 0, refused: [] });
      expect(producer.sent.map(({ value }) => value.message)).toEqual(['a', 'b']);
    },
  );

  test.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
  ] as const)('a body in %s is decompressed', async (encoding, compress) => {
    const { app, producer } = createTestApp();
    const answer = await post(app, compress(JSON.stringify(failure)), { 'content-encoding': encoding });
    expect(answer.statusCode).toBe(202);
    expect(producer.sent[0]!.value.message).toBe('boom');
  });

  test('a byte order mark is no part of the JSON', async () => {
    const { app } = createTestApp();
    expect((await post(app, `\ufeff${JSON.stringify(failure)}`)).statusCode).toBe(202);
  });

  test('success is not answered before Kafka has acknowledged', async () => {
    const { app, producer } = createTestApp();
    const gate = Promise.withResolvers<void>();
    producer.gate = gate.promise;
    let isAnswered = false;
    const answer = post(app, failure).then((response) => {
      isAnswered = true;
      return response;
    });
    while (producer.sends.length === 0) await new Promise((resolve) => setImmediate(resolve));
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(isAnswered).toBe(false);
    gate.resolve();
    expect((await answer).statusCode).toBe(202);
  });
});

describe('what is filtered', () => {
  test('below WARN is counted as filtered and not sent; exceptions, failed spans and unknown severities always are', async () => {
    const { app, producer, registry } = createTestApp();
    const answer = await post(app, [
      { level: 'info', message: 'filtered' },
      { level: 30, message: 'filtered too' },
      { level: 'WARNING', message: 'warn' },
      { level: 'debug', err: { message: 'x' }, message: 'exception' },
      { kind: 'span', severityNumber: 1, span: { name: 's', status: 'error' }, message: 'failed span' },
      { level: 'whatever', message: 'unknown' },
    ]);
    expect([answer.statusCode, answer.json()]).toEqual([202, { accepted: 4, filtered: 2, refused: [] }]);
    expect(producer.sent.map(({ value }) => value.message)).toEqual([
      'warn',
      'exception',
      'failed span',
      'unknown',
    ]);
    expect(await registry.metrics()).toContain('prodsentinel_ingest_items_total{outcome="filtered"} 2');
  });

  test('the least severity is a setting', async () => {
    const { app } = createTestApp({ minSeverityNumber: 1 });
    expect((await post(app, { level: 'trace' })).json()).toMatchObject({ accepted: 1 });
  });

  test('nothing is sent to Kafka when everything is filtered', async () => {
    const { app, producer } = createTestApp();
    const answer = await post(app, { level: 'info' });
    expect([answer.statusCode, producer.sends]).toEqual([202, []]);
  });
});

describe('what is refused', () => {
  test('some refused is 207, by index, with the reason and the path, the others are sent', async () => {
    const { app, producer } = createTestApp();
    const answer = await post(app, [failure, { message: ['hunter2'] }, 7, failure, { severityNumber: 99 }]);
    expect(answer.statusCode).toBe(207);
    const { accepted, refused } = answer.json();
    expect(accepted).toBe(2);
    expect(producer.sent).toHaveLength(2);
    expect(refused.map(({ index, code, path }: Record<string, unknown>) => [index, code, path])).toEqual([
      [1, 'invalid_item', 'message'],
      [2, 'invalid_item', ''],
      [4, 'invalid_item', 'severityNumber'],
    ]);
    expect(answer.body).not.toContain('hunter2');
  });

  test('all refused is 422, problem details with the same members', async () => {
    const { app, producer } = createTestApp();
    const answer = await post(app, [{ message: 1e3, service: [] }]);
    expect(answer.statusCode).toBe(422);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.json()).toMatchObject({ status: 422, code: 'all_refused', accepted: 0, filtered: 0 });
    expect(answer.json().refused).toHaveLength(1);
    expect(producer.sends).toEqual([]);
  });

  test('a refused item beside a filtered one is 207', async () => {
    const { app } = createTestApp();
    expect((await post(app, [{ level: 'info' }, 1])).statusCode).toBe(207);
  });

  test('items too large or too deep are refused, the others are sent', async () => {
    const { app, producer } = createTestApp();
    const tooDeep = `{"a":${'['.repeat(20)}${']'.repeat(20)}}`;
    const body = `[{"message":"${'x'.repeat(100_000)}"},${tooDeep},{"a":${'['.repeat(19)}${']'.repeat(19)}}]`;
    const answer = await post(app, body);
    expect(answer.statusCode).toBe(207);
    expect(answer.json().refused.map(({ index, code }: Record<string, unknown>) => [index, code])).toEqual([
      [0, 'item_too_large'],
      [1, 'item_too_deep'],
    ]);
    expect(producer.sent).toHaveLength(1);
  });

  test('a record that Kafka never takes is found among the others and refused', async () => {
    const { app, producer } = createTestApp();
    producer.fault = (records) =>
      records.some(({ value }) => value.message === 'poison')
        ? new AppError('invalid_input', 'too large')
        : undefined;
    const answer = await post(app, [
      { level: 'info' },
      ...['a', 'b', 'poison', 'c', 'd'].map((message) => ({ message })),
    ]);
    expect(answer.statusCode).toBe(207);
    expect(answer.json()).toMatchObject({
      accepted: 4,
      filtered: 1,
      refused: [{ index: 3, code: 'unwritable_item' }],
    });
    expect(producer.sent.map(({ value }) => value.message)).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('when Kafka does not take it', () => {
  test('away is 503 with Retry-After and says that nothing was sent', async () => {
    const { app, producer } = createTestApp();
    producer.fault = () => new AppError('unavailable', 'queue full of secrets');
    const answer = await post(app, failure);
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '5']);
    expect(answer.json()).toMatchObject({
      code: 'kafka_unavailable',
      detail: expect.stringContaining('nothing was sent'),
    });
    expect(answer.body).not.toContain('secrets');
  });

  test('an unknown outcome is 503, says so, and how to repeat safely', async () => {
    const { app, producer } = createTestApp();
    producer.fault = () => new AppError('unknown_outcome', 'deadline');
    const answer = await post(app, failure, { 'idempotency-key': 'k1' });
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '5']);
    expect(answer.json().code).toBe('unknown_outcome');
    expect(answer.json().detail).toContain('the same Idempotency-Key is safe');
  });

  test('going away after a part was written is an unknown outcome', async () => {
    const { app, producer } = createTestApp();
    producer.fault = (records) => {
      if (records.length > 1) return new AppError('invalid_input', 'too large');
      return records[0]!.value.message === 'b' ? new AppError('unavailable', 'gone') : undefined;
    };
    expect((await post(app, [{ message: 'a' }, { message: 'b' }])).json().code).toBe('unknown_outcome');
  });

  test('an unexpected error of ours is 500 and quotes nothing', async () => {
    const { app, producer } = createTestApp();
    producer.fault = () => new TypeError('a secret') as never;
    const answer = await post(app, failure);
    expect([answer.statusCode, answer.json().code]).toEqual([500, 'unexpected_error']);
    expect(answer.body).not.toContain('secret');
  });

  test('more than may be in flight is 503 at once, and room is given back', async () => {
    const { app, producer, inFlight } = createTestApp({ inFlight: new InFlightBytes(150) });
    const gate = Promise.withResolvers<void>();
    producer.gate = gate.promise;
    const first = post(app, failure);
    while (producer.sends.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const second = await post(app, failure);
    expect([second.statusCode, second.json().code, second.headers['retry-after']]).toEqual([
      503,
      'overloaded',
      '1',
    ]);
    gate.resolve();
    expect((await first).statusCode).toBe(202);
    expect(inFlight.bytes).toBe(0);
    expect((await post(app, failure)).statusCode).toBe(202);
  });
});

describe('identities', () => {
  test("a producer's own signal id is kept", async () => {
    const { app, producer } = createTestApp();
    await post(app, { ...failure, signalId: 'mine' }, { 'idempotency-key': 'k' });
    expect(idsOf(producer)).toEqual(['mine']);
  });

  test('the same bytes again give items with a time the same ids, compressed or not, and others new ones', async () => {
    const { app, producer } = createTestApp();
    const body = JSON.stringify([failure, failure, { message: 'no time' }, { message: 'no time' }]);
    await post(app, body);
    await post(app, gzipSync(body), { 'content-encoding': 'gzip' });
    const ids = idsOf(producer);
    expect(ids.slice(0, 2)).toEqual(ids.slice(4, 6));
    expect(new Set(ids).size).toBe(6);
    expect(ids[2]).toMatch(/^[0-9a-f]{8}-/);
    expect(ids.every((id) => Buffer.byteLength(id!) <= 128)).toBe(true);
  });

  test('different bytes, or another Idempotency-Key, give different ids', async () => {
    const { app, producer } = createTestApp();
    await post(app, failure);
    await post(app, { ...failure, message: 'other' });
    await post(app, failure, { 'idempotency-key': 'k1' });
    await post(app, failure, { 'idempotency-key': 'k2' });
    expect(new Set(idsOf(producer)).size).toBe(4);
  });

  test('the same Idempotency-Key gives the same ids, also to items without a time', async () => {
    const { app, producer } = createTestApp();
    await post(app, [{ message: 'no time' }, failure], { 'idempotency-key': 'k1' });
    await post(app, [{ message: 'no time' }, failure], { 'idempotency-key': 'k1' });
    const ids = idsOf(producer);
    expect(ids.slice(0, 2)).toEqual(ids.slice(2));
    expect(new Set(ids).size).toBe(2);
  });

  test('a valid traceparent goes to the Kafka headers and stands in for a missing trace id', async () => {
    const { app, producer } = createTestApp();
    const own = '00-11111111111111111111111111111111-2222222222222222-00';
    await post(app, [failure, { ...failure, traceId: 'ABCDEF' }, { ...failure, traceparent: own }], {
      traceparent,
      tracestate: 'a=1',
    });
    expect(producer.sent.map(({ key }) => key)).toEqual([
      '0af7651916cd43dd8448eb211c80319c',
      'abcdef',
      '11111111111111111111111111111111',
    ]);
    expect(producer.sent.map(({ headers }) => headers)).toEqual([
      { traceparent, tracestate: 'a=1' },
      { traceparent, tracestate: 'a=1' },
      { traceparent: own },
    ]);
    expect(producer.sent[2]!.value.attributes).toEqual({});
  });

  test.each([
    '00-0-0-01',
    `${traceparent}-extra`,
    '00-00000000000000000000000000000000-b7ad6b7169203331-01',
    'ff',
  ])('an invalid traceparent %s is ignored', async (value) => {
    const { app, producer } = createTestApp();
    await post(app, failure, { traceparent: value, tracestate: 'a=1' });
    expect(producer.sent[0]).toMatchObject({ key: 'cart', headers: {} });
  });

  test.each(['', '0000000000000000', '00000000-0000-0000-0000-000000000000', 'null', 'N/A', '-'])(
    'the trace id "%s" counts as absent: the key is the service',
    async (traceId) => {
      const { app, producer } = createTestApp();
      await post(app, { ...failure, traceId });
      expect(producer.sent[0]).toMatchObject({ key: 'cart', value: { traceId: null } });
    },
  );
});

function idsOf(producer: { sent: readonly { value: { signalId: string | null } }[] }): (string | null)[] {
  return producer.sent.map(({ value }) => value.signalId);
}
