import { expect, test } from '@jest/globals';
import { AnswerTooLarge } from '../../src/adapters/bounded-fetch.ts';
import { classifyModelError, isFormRefused } from '../../src/adapters/openai-failures.ts';

function answered(status: number, more: { code?: string; headers?: Record<string, string> } = {}): Error {
  const { code, headers } = more;
  return Object.assign(new Error(`${status} the prompt, repeated`), {
    status,
    code: code ?? null,
    headers: new Headers(headers),
  });
}

function cut(code: string): Error {
  const cause = Object.assign(new Error(`connect ${code}`), { code });
  return new Error('Connection error.', { cause: new TypeError('fetch failed', { cause }) });
}

test.each<[string, Error, string, boolean]>([
  ['429', answered(429), 'rate_limited', false],
  ['429 for want of money', answered(429, { code: 'insufficient_quota' }), 'no_quota', false],
  ['402', answered(402), 'no_quota', false],
  ['401', answered(401), 'denied', false],
  ['403', answered(403), 'denied', false],
  ['404, no such model', answered(404), 'denied', false],
  ['400', answered(400, { code: 'context_length_exceeded' }), 'rejected', false],
  ['413', answered(413), 'rejected', false],
  ['408', answered(408), 'server_error', false],
  ['500', answered(500), 'server_error', false],
  ['529', answered(529), 'server_error', false],
  ['nobody listens', cut('ECONNREFUSED'), 'unreachable', false],
  ['no such host', cut('ENOTFOUND'), 'unreachable', false],
  ['cut in the middle: perhaps charged', cut('ECONNRESET'), 'unreachable', true],
  [
    'the SDK gave up waiting',
    Object.assign(new Error('Request timed out.'), { name: 'Error' }),
    'timeout',
    true,
  ],
  ['malformed JSON', new SyntaxError('Unexpected token <'), 'garbage', true],
  [
    'a page read as an answer',
    new TypeError("Cannot read properties of undefined (reading '0')"),
    'garbage',
    true,
  ],
  ['too much', new AnswerTooLarge(10), 'garbage', true],
  [
    'too much, as the SDK wraps it',
    new Error('Connection error.', { cause: new AnswerTooLarge(10) }),
    'garbage',
    true,
  ],
])('%s is classified, with what it may have cost', (_, error, failure, isCharged) => {
  expect(classifyModelError(error, false)).toMatchObject({ failure, isCharged });
});

test('what we gave up ourselves is a time-out, and may have been charged', () => {
  expect(classifyModelError(new Error('whatever'), true)).toMatchObject({
    failure: 'timeout',
    isCharged: true,
  });
});

test('words of the server are kept out: it may repeat the prompt, and its code may be anything', () => {
  const { detail } = classifyModelError(answered(429, { code: '<script>alert(1)</script>' }), false);
  expect(detail).toBe('status 429');
  expect(classifyModelError(answered(429, { code: 'rate_limit_exceeded' }), false).detail).toBe(
    'status 429, rate_limit_exceeded',
  );
});

test.each<[Record<string, string>, number | undefined]>([
  [{ 'retry-after': '1' }, 1_000],
  [{ 'retry-after': '120' }, 120_000],
  [{ 'retry-after-ms': '300', 'retry-after': '120' }, 300],
  [{ 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 0],
  [{ 'retry-after': 'soon' }, undefined],
  [{}, undefined],
])('how long to stay away is what the server says: %p', (headers, expected) => {
  expect(classifyModelError(answered(429, { headers }), false).retryAfterMs).toBe(expected);
});

test.each<[number, string, boolean]>([
  [400, "Invalid parameter: 'response_format' of type 'json_schema' is not supported", true],
  [422, 'json_object is not available', true],
  [400, 'maximum context length is 8192 tokens', false],
  [500, 'response_format is not supported', false],
])('%d "%s": another form of asking may help: %p', (status, message, expected) => {
  expect(isFormRefused(Object.assign(new Error(message), { status }))).toBe(expected);
});
