import { describe, expect, test } from '@jest/globals';
import { hostileRows, malformed } from './hostile-rows.ts';
import { createTestApp, post } from './ingest-app.ts';

describe('hostile bodies', () => {
  test.each(hostileRows)('$name is answered $status with the reason, and nothing is sent', async (row) => {
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
