import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { maskMessage } from '../../../src/domain/observe/mask-message.ts';

// Properties run hundreds of times; how long that takes says nothing.
jest.setTimeout(60_000);

const known = new Set(['inventory', 'svc2', 'billing.v2']);

describe('maskMessage', () => {
  test.each([
    ['order 4e9bbd8a-997a-4b51-b580-8efd4c107e76 lost', 'order <*> lost'],
    ['[date: 2021-07-14, tripId: D1345]', '[date: <*>, tripId: <*>]'],
    ['connect ECONNREFUSED 10.0.0.5:43211', 'connect ECONNREFUSED <*>'],
    ['lost 2001:db8::ff00:42:8329 at 08:42:11.123', 'lost <*> at <*>'],
    ['at 2023-01-29T09:20:29.295+00:00', 'at <*>'],
    ['read /var/lib/x/12345/file.txt', 'read /var/lib/x/<*>/file.txt'],
    ['mail to jane.doe@example.com bounced', 'mail to <*> bounced'],
    ['mail to jane.doe+news@example.com bounced', 'mail to <*> bounced'],
    ['mail to jane+a.b-c@example.com and C++ or a+b', 'mail to <*> and C++ or a+b'],
    ['com.acme.Order@1b2c3d is closed', 'com.acme.Order@<*> is closed'],
    ["filter 'a=1;b=x'", "filter '<*>'"],
    ['ids [1, 2, 3]', 'ids [<*>]'],
    ['ids [1,\n 2]', 'ids [<*>]'],
    ['timeout of 30000ms exceeded', 'timeout of <*> exceeded'],
    ['redis-0.redis.svc down', 'redis-<*>.redis.svc down'],
    ['retry 500 Rows', 'retry <*> Rows'],
  ])('replaces what varies: %s', (text, template) => {
    expect(maskMessage(text, known)).toBe(template);
  });

  test.each([
    'No instances available for ts-travel2-service',
    'svc2 is away',
    'billing.v2 is away',
    'status 503',
    'HttpError: 500 Internal Server Error',
    '"status":404',
    'responded 503',
    'exit code 137',
    'SQLSTATE[23505]: unique',
    "code: '23505'",
    'ORA-00942: table',
    'E11000 duplicate key',
    'Http2Exception',
    'ERR_HTTP2_STREAM_ERROR',
    'connect ECONNREFUSED',
    'password=[redacted:aws_key_2]',
  ])('keeps what tells causes apart: %s', (text) => {
    expect(maskMessage(text, known)).toBe(text);
  });

  test('keeps the service at the front of an instance name and the port of a known dependency', () => {
    expect(maskMessage('ts-travel2-service-7c9b5d6f4-x2z1p down', known)).toBe('ts-travel2-service-<*> down');
    expect(maskMessage('ECONNREFUSED 10.0.0.5:5432', known)).toBe('ECONNREFUSED <*>:5432');
    expect(maskMessage('ECONNREFUSED 10.0.0.9:6379', known)).toBe('ECONNREFUSED <*>:6379');
  });

  test('looks at the first two lines that hold anything', () => {
    expect(maskMessage('\n a\t b \n\n c\nd', known)).toBe('a b c');
  });

  test('stops after a hundred tokens', () => {
    expect(maskMessage('word '.repeat(200), known).split(' ')).toHaveLength(100);
  });

  test('gives messages that differ only in their numbers one template', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.uuid(), fc.uuid(), (a, b, idA, idB) => {
        expect(maskMessage(`Order ${idA} of customer ${a} failed after ${a} ms`, known)).toBe(
          maskMessage(`Order ${idB} of customer ${b} failed after ${b} ms`, known),
        );
      }),
    );
  });

  test('never throws, never gives more than it may and is stable', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const template = maskMessage(text, known);
        expect(template.length).toBeLessThanOrEqual(1_024);
        expect(maskMessage(text, known)).toBe(template);
      }),
    );
  });
});
