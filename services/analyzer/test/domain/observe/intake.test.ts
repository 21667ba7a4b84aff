import { describe, expect, jest, test } from '@jest/globals';
import type { FailureSignal } from '@prodsentinel/contracts';
import fc from 'fast-check';
import { takeIn } from '../../../src/domain/observe/intake.ts';
import { failure, taken } from './signals.ts';

// Properties run hundreds of times; how long that takes says nothing.
jest.setTimeout(60_000);

const position = { partition: 3, offset: 42, appendedAtMs: 1_700_000_000_000 };
const settings = { knownServices: new Set(['inventory']) };
const kindOf = (fields: Partial<FailureSignal>) => takeIn(failure(fields), position, settings).kind;
const quiet = { severityNumber: 9, severityText: 'INFO' };

describe('takeIn', () => {
  test.each<[string, Partial<FailureSignal>, 'failure' | 'context']>([
    ['ERROR by number', { severityNumber: 17, severityText: null }, 'failure'],
    ['FATAL by number', { severityNumber: 21 }, 'failure'],
    ['WARN', { severityNumber: 13, severityText: 'ERROR' }, 'context'],
    ['INFO', quiet, 'context'],
    ['nothing known', { severityNumber: 0, severityText: null }, 'context'],
    [
      'an exception at INFO',
      { ...quiet, exception: { type: 'E', message: null, stack: null, causes: [] } },
      'failure',
    ],
    [
      'an exception that says nothing',
      { ...quiet, exception: { type: null, message: '', stack: null, causes: [] } },
      'context',
    ],
    ['a failed span', { ...quiet, span: { name: 's', durationMicros: 1, status: 'error' } }, 'failure'],
    ['a span that went well', { ...quiet, span: { name: 's', durationMicros: 1, status: 'ok' } }, 'context'],
    ...['error', 'FATAL', 'Critical', ' severe ', 'EMERGENCY', 'alert', 'panic'].map(
      (severityText): [string, Partial<FailureSignal>, 'failure'] => [
        `${severityText} by text`,
        { severityNumber: 0, severityText },
        'failure',
      ],
    ),
  ])('reads %s', (_, fields, kind) => {
    expect(kindOf(fields)).toBe(kind);
  });

  test.each([
    '',
    '-',
    'null',
    'NONE',
    'undefined',
    'Unknown',
    'n/a',
    '0',
    '00000000-0000-0000-0000-000000000000',
    '0'.repeat(32),
  ])('takes the trace id "%s" for absent', (traceId) => {
    expect(taken({ traceId }).traceId).toBe('');
  });

  test('keeps a real trace id in lower case, at most 128 bytes', () => {
    expect(taken({ traceId: 'FFC8CA7E' }).traceId).toBe('ffc8ca7e');
    expect(Buffer.byteLength(taken({ traceId: 'é'.repeat(500) }).traceId)).toBe(128);
  });

  test('keeps what closing a window needs, and where the record is', () => {
    const signal = taken({
      release: '1.2.3',
      spanId: 'AB',
      parentSpanId: '0',
      environment: '',
      service: ' ',
      occurredAt: -5,
    });
    expect(signal).toMatchObject({
      environment: 'default',
      service: 'unknown_service',
      release: '1.2.3',
      spanId: 'ab',
      parentSpanId: '',
      occurredAt: null,
      partition: 0,
      appendedAtMs: 1_700_000_000_000,
    });
  });

  test('says of an exception what the message does not, and names the innermost one', () => {
    const exception = {
      type: 'CheckoutError',
      message: 'could not reserve',
      stack: null,
      causes: [
        { type: 'com.acme.PoolExhaustedError', message: 'timed out waiting for a connection', stack: null },
      ],
    };
    expect(taken({ message: 'order failed', exception })).toMatchObject({
      message: 'order failed\nCheckoutError: could not reserve',
      exceptionType: 'CheckoutError',
      problem: { type: 'com.acme.PoolExhaustedError', message: 'timed out waiting for a connection' },
    });
    expect(taken({ message: 'oops: could not reserve', exception }).message).toBe('oops: could not reserve');
  });

  test('removes secrets from message, exceptions, stacks and parts, and counts them', () => {
    const exception = {
      type: 'Error',
      message: 'token=abc111',
      stack: 'Error: token=abc111\n  at f (/app/a.js:1:1)',
      causes: [{ type: 'Error', message: 'secret=abc222', stack: 'Error: secret=abc222' }],
    };
    const signal = taken({
      message: 'login with password=abc333',
      exception,
      fingerprint: ['{{ default }}', 'apikey=abc444'],
    });
    expect(JSON.stringify(signal)).not.toMatch(/abc\d{3}/);
    expect(signal.redactions).toEqual({ password: 1, token: 2, secret: 2, api_key: 1 });
  });

  test('finds a secret that a NUL was put into', () => {
    expect(taken({ message: 'pass\0word=hunter2' }).message).toBe('password=[redacted:password]');
  });

  test('shows nothing of a secret that the cap cuts through', () => {
    const key = `-----BEGIN PRIVATE KEY-----${'a'.repeat(16_000)}-----END PRIVATE KEY-----`;
    const message = `${key} ${'x'.repeat(16_384 - key.length - 12)} ghp_abcdefghijklmnopqrstuvwxyz0123456789`;
    const signal = taken({ message });
    expect(signal.message).toMatch(/^\[redacted:private_key\] x+ ?$/);
  });

  test('caps everything it keeps', () => {
    const long = 'word '.repeat(200_000);
    const signal = taken({
      message: long,
      service: long,
      release: long,
      environment: long,
      severityText: long,
      exception: {
        type: long,
        message: long,
        stack: long,
        causes: Array.from({ length: 1_000 }, () => ({ type: 'E', message: long, stack: long })),
      },
      fingerprint: Array(1_000).fill(long),
    });
    expect(signal.message.length).toBeLessThanOrEqual(4_096);
    expect(signal.stack!.length).toBeLessThanOrEqual(8_192);
    expect(JSON.stringify(signal).length).toBeLessThan(24_000);
  });

  test('is not held up by hostile input', () => {
    const units = [
      'a',
      '"',
      '(',
      'at a (b:1:1)\n',
      'Caused by: E: ',
      'a:',
      '\0',
      '\ud800',
      '1',
      'nested exception is A: ',
      '<*>',
      'a-',
      '.',
    ];
    for (const unit of units) {
      const text = unit.repeat(1_000_000 / unit.length);
      const exception = {
        type: text,
        message: text,
        stack: text,
        causes: [{ type: text, message: text, stack: text }],
      };
      expect(kindOf({ message: text, exception, service: text, traceId: text })).toBe('failure');
    }
    const attributes = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`a${i}`, 'x']));
    expect(kindOf({ attributes })).toBe('failure');
  });

  test('never throws for a value that fits the type, and gives only what can be stored', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(
          fc.constantFrom(
            '\0',
            '\ud800',
            '\udc00',
            'Error: ',
            ' at f (/a.js:1:1)\n',
            'password="',
            '"',
            '\n',
            '9',
            '{{ default }}',
          ),
        )
        .map((parts) => parts.join('')),
    );
    const maybe = fc.option(text);
    const number = fc.oneof(fc.integer(), fc.constantFrom(Number.NaN, Infinity, -Infinity, -1, 1e308, 0.5));
    const cause = fc.record({ type: maybe, message: maybe, stack: maybe });
    const value: fc.Arbitrary<FailureSignal> = fc.record({
      signalId: maybe,
      traceId: maybe,
      spanId: maybe,
      parentSpanId: maybe,
      kind: text,
      service: text,
      environment: text,
      release: maybe,
      host: maybe,
      severityNumber: number,
      severityText: maybe,
      message: text,
      exception: fc.option(fc.record({ type: maybe, message: maybe, stack: maybe, causes: fc.array(cause) })),
      span: fc.option(
        fc.record({
          name: text,
          durationMicros: fc.option(number),
          status: fc.constantFrom('error', 'ok', 'x'),
        }),
      ),
      metric: fc.option(fc.record({ name: text, value: number, unit: maybe })),
      attributes: fc.dictionary(text, text),
      fingerprint: fc.option(fc.array(text)),
      occurredAt: fc.option(number),
      receivedAt: fc.option(number),
    });
    fc.assert(
      fc.property(value, (signal) => {
        const intake = takeIn(signal, position, settings);
        if (intake.kind === 'context') return;
        const strings = JSON.stringify(intake.signal, (_, each: unknown) => {
          if (typeof each === 'string' && (!each.isWellFormed() || each.includes('\0')))
            throw new Error('cannot be stored');
          return each;
        });
        expect(strings).not.toContain('\\u0000');
        expect(intake.signal.environment).not.toBe('');
      }),
      { numRuns: 500 },
    );
  });
});
