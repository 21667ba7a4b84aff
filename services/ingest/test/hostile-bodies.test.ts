import { gzipSync, deflateSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { createTestApp, post } from './ingest-app.ts';

const ndjson = { 'content-type': 'application/x-ndjson' };
const gzip = { 'content-encoding': 'gzip' };
const deep = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth);

interface Row {
  name: string;
  body: string | Buffer;
  headers?: Record<string, string>;
  status: number;
  code?: string;
  place?: { line: number; column: number; offset: number };
  refused?: { code: string; path: string };
}

const malformed = 'malformed_body';
const invalid = (path: string) => ({ code: 'invalid_item', path });

const rows: Row[] = [
  // Not JSON: 400 with the place.
  { name: 'an empty body', body: '', status: 400, code: 'empty_body' },
  { name: 'nothing but space', body: ' \n ', status: 400, code: 'empty_body' },
  { name: 'nothing but blank lines', body: '\n\r\n', headers: ndjson, status: 400, code: 'empty_body' },
  { name: 'a word', body: 'hello', status: 400, code: malformed, place: { line: 1, column: 1, offset: 0 } },
  {
    name: 'no value',
    body: '{"a":}',
    status: 400,
    code: malformed,
    place: { line: 1, column: 6, offset: 5 },
  },
  {
    name: 'no colon',
    body: '{"a" 1}',
    status: 400,
    code: malformed,
    place: { line: 1, column: 6, offset: 5 },
  },
  {
    name: 'no comma',
    body: '{"a":1 "b":2}',
    status: 400,
    code: malformed,
    place: { line: 1, column: 8, offset: 7 },
  },
  {
    name: 'a trailing comma in an object',
    body: '{"a":1,}',
    status: 400,
    code: malformed,
    place: { line: 1, column: 8, offset: 7 },
  },
  {
    name: 'a trailing comma in the array',
    body: '[{},]',
    status: 400,
    code: malformed,
    place: { line: 1, column: 5, offset: 4 },
  },
  {
    name: 'nothing between two commas',
    body: '[{},,{}]',
    status: 400,
    code: malformed,
    place: { line: 1, column: 5, offset: 4 },
  },
  {
    name: 'an object cut short',
    body: '{"a":1',
    status: 400,
    code: malformed,
    place: { line: 1, column: 7, offset: 6 },
  },
  {
    name: 'an array cut short',
    body: '[{"a":1}',
    status: 400,
    code: malformed,
    place: { line: 1, column: 9, offset: 8 },
  },
  {
    name: 'a text cut short',
    body: '{"a":"b',
    status: 400,
    code: malformed,
    place: { line: 1, column: 8, offset: 7 },
  },
  { name: 'a text that ends in a backslash', body: '["\\', status: 400, code: malformed },
  {
    name: 'the wrong closing bracket',
    body: '[{"a":1}}',
    status: 400,
    code: malformed,
    place: { line: 1, column: 9, offset: 8 },
  },
  {
    name: 'crossed brackets',
    body: '[{"a":[1}]]',
    status: 400,
    code: malformed,
    place: { line: 1, column: 9, offset: 8 },
  },
  {
    name: 'something after the object',
    body: '{} {}',
    status: 400,
    code: malformed,
    place: { line: 1, column: 4, offset: 3 },
  },
  {
    name: 'something after the array',
    body: '[] x',
    status: 400,
    code: malformed,
    place: { line: 1, column: 4, offset: 3 },
  },
  {
    name: 'a fault on a later line after wide characters',
    body: '[{"a":"é€😀"},\n{"é":x}]',
    status: 400,
    code: malformed,
    place: { line: 2, column: 6, offset: 26 },
  },
  {
    name: 'single quotes',
    body: "{'a':1}",
    status: 400,
    code: malformed,
    place: { line: 1, column: 2, offset: 1 },
  },
  { name: 'a comment', body: '{/* x */}', status: 400, code: malformed },
  { name: 'NaN', body: '{"a":NaN}', status: 400, code: malformed },
  {
    name: 'a leading zero',
    body: '{"a":01}',
    status: 400,
    code: malformed,
    place: { line: 1, column: 7, offset: 6 },
  },
  { name: 'a lone minus', body: '{"a":-}', status: 400, code: malformed },
  { name: 'hexadecimal', body: '{"a":0x10}', status: 400, code: malformed },
  {
    name: 'an unknown escape',
    body: '{"a":"\\x41"}',
    status: 400,
    code: malformed,
    place: { line: 1, column: 7, offset: 6 },
  },
  { name: 'half an escape', body: '{"a":"\\u12"}', status: 400, code: malformed },
  {
    name: 'a line feed inside a text',
    body: '{"a":"b\nc"}',
    status: 400,
    code: malformed,
    place: { line: 1, column: 8, offset: 7 },
  },
  {
    name: 'a NUL byte inside a text',
    body: '{"a":"b\0c"}',
    status: 400,
    code: malformed,
    place: { line: 1, column: 8, offset: 7 },
  },
  { name: 'a NUL byte before the object', body: '\0{}', status: 400, code: malformed },
  {
    name: 'one bad line among lines',
    body: '{}\n{"a":1}\n{oops}\n{}',
    headers: ndjson,
    status: 400,
    code: malformed,
    place: { line: 3, column: 2, offset: 12 },
  },
  { name: 'two objects on one line', body: '{}{}', headers: ndjson, status: 400, code: malformed },
  {
    name: 'lines sent as JSON',
    body: '{}\n{}',
    status: 400,
    code: malformed,
    place: { line: 2, column: 1, offset: 3 },
  },
  {
    name: 'a bad byte',
    body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    status: 400,
    code: malformed,
    place: { line: 1, column: 3, offset: 2 },
  },
  {
    name: 'a bad byte after a real U+FFFD',
    body: Buffer.concat([Buffer.from('{"\ufffd":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]),
    status: 400,
    code: malformed,
    place: { line: 1, column: 7, offset: 8 },
  },
  { name: 'an overlong encoding', body: Buffer.from([0x22, 0xc0, 0x80, 0x22]), status: 400, code: malformed },
  {
    name: 'a surrogate encoded as UTF-8',
    body: Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]),
    status: 400,
    code: malformed,
  },
  { name: 'UTF-16', body: Buffer.from('{"a":1}', 'utf16le'), status: 400, code: malformed },
  { name: 'a million open brackets', body: '['.repeat(900_000), status: 400, code: malformed },
  {
    name: 'a million open braces',
    body: '{"a":'.repeat(180_000),
    status: 422,
    refused: { code: 'item_too_large', path: '' },
  },
  // Well-formed and not a failure signal: refused, with the path.
  { name: 'null', body: 'null', status: 422, refused: invalid('') },
  { name: 'a number', body: '1', status: 422, refused: invalid('') },
  { name: 'a text', body: '"failure"', status: 422, refused: invalid('') },
  { name: 'an array in an array', body: '[[{}]]', status: 422, refused: invalid('') },
  {
    name: 'deep nesting',
    body: `{"a":${deep('[', ']', 10_000)}}`,
    status: 422,
    refused: { code: 'item_too_deep', path: '' },
  },
  {
    name: 'deep nesting of objects',
    body: deep('{"a":', '}', 10_000).replace(':}', ':1}'),
    status: 422,
    refused: { code: 'item_too_deep', path: '' },
  },
  {
    name: 'deep nesting on a line',
    body: deep('[', ']', 10_000),
    headers: ndjson,
    status: 422,
    refused: { code: 'item_too_deep', path: '' },
  },
  {
    name: '1e400 for a severity',
    body: '{"severityNumber":1e400}',
    status: 422,
    refused: invalid('severityNumber'),
  },
  {
    name: '1e400 for a metric',
    body: '{"metric":{"name":"m","value":1e400}}',
    status: 422,
    refused: invalid('metric.value'),
  },
  {
    name: 'a severity beyond the scale',
    body: '{"severityNumber":25}',
    status: 422,
    refused: invalid('severityNumber'),
  },
  {
    name: 'half a severity',
    body: '{"severityNumber":17.5}',
    status: 422,
    refused: invalid('severityNumber'),
  },
  {
    name: 'a time before time',
    body: '{"occurredAt":"yesterday"}',
    status: 422,
    refused: invalid('occurredAt'),
  },
  {
    name: 'a time beyond what a long holds',
    body: '{"occurredAt":92233720368547758079223372036854775807}',
    status: 422,
    refused: invalid('occurredAt'),
  },
  { name: 'an unknown kind', body: '{"kind":"constructor"}', status: 422, refused: invalid('kind') },
  { name: 'a message that is an object', body: '{"message":{}}', status: 422, refused: invalid('message') },
  {
    name: 'an exception that is a number',
    body: '{"exception":1}',
    status: 422,
    refused: invalid('exception'),
  },
  {
    name: 'an exception whose type is a number',
    body: '{"exception":{"type":1}}',
    status: 422,
    refused: invalid('exception.type'),
  },
  {
    name: 'causes that are no exceptions',
    body: '{"exception":{"causes":[1]}}',
    status: 422,
    refused: invalid('exception.causes.0'),
  },
  {
    name: 'a fingerprint that is a text',
    body: '{"fingerprint":"x"}',
    status: 422,
    refused: invalid('fingerprint'),
  },
  {
    name: 'attributes that are an array',
    body: '{"attributes":[1]}',
    status: 422,
    refused: invalid('attributes'),
  },
  {
    name: 'a signal id that is too long',
    body: `{"signalId":"${'€'.repeat(43)}"}`,
    status: 422,
    refused: invalid('signalId'),
  },
  // The request as a whole.
  { name: 'too many items', body: `[${'1,'.repeat(100)}1]`, status: 413, code: 'too_many_items' },
  { name: 'too many lines', body: '1\n'.repeat(101), headers: ndjson, status: 413, code: 'too_many_items' },
  { name: 'a million empty items', body: `[${','.repeat(900_000)}]`, status: 413, code: 'too_many_items' },
  {
    name: 'a body over the limit',
    body: `{"a":"${'x'.repeat(1_000_000)}"}`,
    status: 413,
    code: 'body_too_large',
  },
  {
    name: 'a gzip bomb',
    body: gzipSync(Buffer.alloc(200_000_000, ' ')),
    headers: gzip,
    status: 413,
    code: 'body_too_large',
  },
  {
    name: 'a deflate bomb',
    body: deflateSync(Buffer.alloc(50_000_000, '[')),
    headers: { 'content-encoding': 'deflate' },
    status: 413,
    code: 'body_too_large',
  },
  { name: 'gzip within gzip', body: gzipSync(gzipSync('{}')), headers: gzip, status: 400, code: malformed },
  { name: 'gzip that is none', body: '{}', headers: gzip, status: 400, code: 'bad_encoding' },
  {
    name: 'gzip cut short',
    body: gzipSync('{"a":1}').subarray(0, 20),
    headers: gzip,
    status: 400,
    code: 'bad_encoding',
  },
  {
    name: 'gzip with a wrong checksum',
    body: Buffer.concat([gzipSync('{}').subarray(0, -8), Buffer.alloc(8)]),
    headers: gzip,
    status: 400,
    code: 'bad_encoding',
  },
  { name: 'an empty gzip body', body: '', headers: gzip, status: 400 },
  {
    name: 'gzip that is said to be deflate',
    body: gzipSync('{}'),
    headers: { 'content-encoding': 'deflate' },
    status: 400,
    code: 'bad_encoding',
  },
  {
    name: 'an unknown encoding',
    body: '{}',
    headers: { 'content-encoding': 'br' },
    status: 415,
    code: 'unsupported_encoding',
  },
  {
    name: 'two encodings',
    body: '{}',
    headers: { 'content-encoding': 'gzip, gzip' },
    status: 415,
    code: 'unsupported_encoding',
  },
  {
    name: 'plain text',
    body: '{}',
    headers: { 'content-type': 'text/plain' },
    status: 415,
    code: 'unsupported_media_type',
  },
  {
    name: 'a form',
    body: 'a=1',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    status: 415,
    code: 'unsupported_media_type',
  },
  {
    name: 'another charset',
    body: '{}',
    headers: { 'content-type': 'application/json; charset=latin1' },
    status: 415,
    code: 'unsupported_media_type',
  },
  { name: 'a broken content type', body: '{}', headers: { 'content-type': 'json' }, status: 415 },
  { name: 'an empty content type', body: '{}', headers: { 'content-type': '' }, status: 415 },
];

describe('hostile bodies', () => {
  test.each(rows)('$name is answered $status with the reason, and nothing is sent', async (row) => {
    const { app, producer, inFlight } = createTestApp();
    const answer = await post(app, row.body, row.headers);
    expect(answer.statusCode).toBe(row.status);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    const problem = answer.json();
    expect(problem).toMatchObject({ type: 'about:blank', status: row.status, title: expect.any(String) });
    if (row.code) expect(problem.code).toBe(row.code);
    if (row.code === malformed) expect(problem.place).toEqual(row.place ?? expect.anything());
    if (row.refused) expect(problem.refused).toEqual([expect.objectContaining({ index: 0, ...row.refused })]);
    expect(producer.sends).toEqual([]);
    expect(inFlight.bytes).toBe(0);
  });

  test('a missing content type is 415', async () => {
    const { app } = createTestApp();
    const answer = await app.inject({ method: 'POST', url: '/v1/failures', payload: Buffer.from('{}') });
    expect([answer.statusCode, answer.json().code]).toEqual([415, 'unsupported_media_type']);
  });

  test.each([
    ['GET', '/v1/failures', 405],
    ['PUT', '/v1/failures?x=1', 405],
    ['POST', '/v1/failure', 404],
    ['POST', '/', 404],
    ['POST', '/v1/failures/%zz', 400],
  ] as const)('%s %s is %d as problem details', async (method, url, status) => {
    const { app } = createTestApp();
    const answer = await app.inject({
      method,
      url,
      headers: { 'content-type': 'application/json' },
      payload: '{',
    });
    expect([answer.statusCode, answer.json().status]).toEqual([status, status]);
    expect(answer.headers['content-type']).toContain('application/problem+json');
  });
});

describe('awkward and harmless', () => {
  test('numbers that a double cannot hold are kept as their text', async () => {
    const value = await valueOf(
      '{"big":12345678901234567890,"far":1e400,"near":-1e400,"list":[9007199254740993],"exact":9007199254740992e3,"small":1e-400}',
    );
    expect(value.attributes).toEqual({
      big: '12345678901234567890',
      far: '1e400',
      near: '-1e400',
      list: '["9007199254740993"]',
      exact: '9007199254740992000',
      small: '0',
    });
  });

  test('half a surrogate pair becomes U+FFFD, in names too, and whole pairs and escaped backslashes stay', async () => {
    const value = await valueOf(
      String.raw`{"message":"\ud800 \udc00 \ud83d\ude00 \\ud800 \ud800\ud83d\ude00","\udfff":"x"}`,
    );
    expect(value.message).toBe('\ufffd \ufffd 😀 \\ud800 \ufffd😀');
    expect(value.attributes).toEqual({ '\ufffd': 'x' });
  });

  test('an escaped NUL is text like any other here', async () => {
    expect((await valueOf(String.raw`{"message":"a\u0000b"}`)).message).toBe('a\0b');
  });

  test('__proto__ and constructor are names like any other', async () => {
    const value = await valueOf('{"__proto__":{"message":"x"},"constructor":"y","message":"m"}');
    expect(value.message).toBe('m');
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.entries(value.attributes)).toEqual([
      ['__proto__', '{"message":"x"}'],
      ['constructor', 'y'],
    ]);
  });

  test('of duplicate names the last wins, as in JSON.parse', async () => {
    expect((await valueOf('{"message":"a","message":"b"}')).message).toBe('b');
  });

  test('braces, brackets, commas and quotes inside a text divide nothing', async () => {
    const { app, producer } = createTestApp();
    const texts = ['],[', '}{', '\\"', '\\\\', 'a,b', '"]'];
    await post(
      app,
      texts.map((message) => ({ message })),
    );
    expect(producer.sent.map(({ value }) => value.message)).toEqual(texts);
  });
});

async function valueOf(body: string) {
  const { app, producer } = createTestApp();
  const answer = await post(app, body);
  expect([answer.statusCode, answer.json()]).toEqual([202, { accepted: 1, filtered: 0, refused: [] }]);
  return producer.sent[0]!.value;
}
