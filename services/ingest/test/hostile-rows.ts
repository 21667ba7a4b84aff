import { gzipSync, deflateSync } from 'node:zlib';

const ndjson = { 'content-type': 'application/x-ndjson' };
const gzip = { 'content-encoding': 'gzip' };
const deep = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth);

/** A request that must be refused, and as what. */
export interface HostileRow {
  name: string;
  body: string | Buffer;
  headers?: Record<string, string>;
  status: number;
  code?: string;
  place?: { line: number; column: number; offset: number };
  refused?: { code: string; path: string };
}

export const malformed = 'malformed_body';
const malformedRow = (name: string, body: string | Buffer, place?: HostileRow['place']): HostileRow => {
  return { name, body, status: 400, code: malformed, ...(place && { place }) };
};
const invalidRow = (name: string, body: string, path: string): HostileRow => {
  return { name, body, status: 422, refused: { code: 'invalid_item', path } };
};

export const hostileRows: HostileRow[] = [
  // Not JSON: 400 with the place.
  { name: 'an empty body', body: '', status: 400, code: 'empty_body' },
  { name: 'nothing but space', body: ' \n ', status: 400, code: 'empty_body' },
  { name: 'nothing but blank lines', body: '\n\r\n', headers: ndjson, status: 400, code: 'empty_body' },
  malformedRow('a word', 'hello', { line: 1, column: 1, offset: 0 }),
  malformedRow('no value', '{"a":}', { line: 1, column: 6, offset: 5 }),
  malformedRow('no colon', '{"a" 1}', { line: 1, column: 6, offset: 5 }),
  malformedRow('no comma', '{"a":1 "b":2}', { line: 1, column: 8, offset: 7 }),
  malformedRow('a trailing comma in an object', '{"a":1,}', { line: 1, column: 8, offset: 7 }),
  malformedRow('a trailing comma in the array', '[{},]', { line: 1, column: 5, offset: 4 }),
  malformedRow('nothing between two commas', '[{},,{}]', { line: 1, column: 5, offset: 4 }),
  malformedRow('an object cut short', '{"a":1', { line: 1, column: 7, offset: 6 }),
  malformedRow('an array cut short', '[{"a":1}', { line: 1, column: 9, offset: 8 }),
  malformedRow('a text cut short', '{"a":"b', { line: 1, column: 8, offset: 7 }),
  malformedRow('a text that ends in a backslash', '["\\'),
  malformedRow('the wrong closing bracket', '[{"a":1}}', { line: 1, column: 9, offset: 8 }),
  malformedRow('crossed brackets', '[{"a":[1}]]', { line: 1, column: 9, offset: 8 }),
  malformedRow('something after the object', '{} {}', { line: 1, column: 4, offset: 3 }),
  malformedRow('something after the array', '[] x', { line: 1, column: 4, offset: 3 }),
  malformedRow('a fault on a later line after wide characters', '[{"a":"é€😀"},\n{"é":x}]', {
    line: 2,
    column: 6,
    offset: 26,
  }),
  malformedRow('single quotes', "{'a':1}", { line: 1, column: 2, offset: 1 }),
  malformedRow('a comment', '{/* x */}'),
  malformedRow('NaN', '{"a":NaN}'),
  malformedRow('a leading zero', '{"a":01}', { line: 1, column: 7, offset: 6 }),
  malformedRow('a lone minus', '{"a":-}'),
  malformedRow('hexadecimal', '{"a":0x10}'),
  malformedRow('an unknown escape', '{"a":"\\x41"}', { line: 1, column: 7, offset: 6 }),
  malformedRow('half an escape', '{"a":"\\u12"}'),
  malformedRow('a line feed inside a text', '{"a":"b\nc"}', { line: 1, column: 8, offset: 7 }),
  malformedRow('a NUL byte inside a text', '{"a":"b\0c"}', { line: 1, column: 8, offset: 7 }),
  malformedRow('a NUL byte before the object', '\0{}'),
  {
    name: 'one bad line among lines',
    body: '{}\n{"a":1}\n{oops}\n{}',
    headers: ndjson,
    status: 400,
    code: malformed,
    place: { line: 3, column: 2, offset: 12 },
  },
  { name: 'two objects on one line', body: '{}{}', headers: ndjson, status: 400, code: malformed },
  malformedRow('lines sent as JSON', '{}\n{}', { line: 2, column: 1, offset: 3 }),
  malformedRow('a bad byte', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), {
    line: 1,
    column: 3,
    offset: 2,
  }),
  malformedRow(
    'a bad byte after a real U+FFFD',
    Buffer.concat([Buffer.from('{"\ufffd":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]),
    { line: 1, column: 7, offset: 8 },
  ),
  malformedRow('an overlong encoding', Buffer.from([0x22, 0xc0, 0x80, 0x22])),
  malformedRow('a surrogate encoded as UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])),
  malformedRow('UTF-16', Buffer.from('{"a":1}', 'utf16le')),
  malformedRow('a million open brackets', '['.repeat(900_000)),
  {
    name: 'a million open braces',
    body: '{"a":'.repeat(180_000),
    status: 422,
    refused: { code: 'item_too_large', path: '' },
  },
  // Well-formed and not a failure signal: refused, with the path.
  invalidRow('null', 'null', ''),
  invalidRow('a number', '1', ''),
  invalidRow('a text', '"failure"', ''),
  invalidRow('an array in an array', '[[{}]]', ''),
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
  invalidRow('1e400 for a severity', '{"severityNumber":1e400}', 'severityNumber'),
  invalidRow('1e400 for a metric', '{"metric":{"name":"m","value":1e400}}', 'metric.value'),
  invalidRow('a severity beyond the scale', '{"severityNumber":25}', 'severityNumber'),
  invalidRow('half a severity', '{"severityNumber":17.5}', 'severityNumber'),
  invalidRow('a time before time', '{"occurredAt":"yesterday"}', 'occurredAt'),
  invalidRow(
    'a time beyond what a long holds',
    '{"occurredAt":92233720368547758079223372036854775807}',
    'occurredAt',
  ),
  invalidRow('an unknown kind', '{"kind":"constructor"}', 'kind'),
  invalidRow('a message that is an object', '{"message":{}}', 'message'),
  invalidRow('an exception that is a number', '{"exception":1}', 'exception'),
  invalidRow('an exception whose type is a number', '{"exception":{"type":1}}', 'exception.type'),
  invalidRow('causes that are no exceptions', '{"exception":{"causes":[1]}}', 'exception.causes.0'),
  invalidRow('a fingerprint that is a text', '{"fingerprint":"x"}', 'fingerprint'),
  invalidRow('attributes that are an array', '{"attributes":[1]}', 'attributes'),
  invalidRow('a signal id that is too long', `{"signalId":"${'€'.repeat(43)}"}`, 'signalId'),
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
