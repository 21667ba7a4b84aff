import { describe, expect, test } from '@jest/globals';
import type { FailureSignal } from '@prodsentinel/contracts';
import { toFingerprint } from '../../../src/domain/observe/fingerprint.ts';
import { taken } from './signals.ts';

const thrown = (type: string, message: string, stack: string | null = null) => ({
  type,
  message,
  stack,
  causes: [],
});
const frame = 'at price (/app/src/price.js:10:7)';
const same = (a: Partial<FailureSignal>, b: Partial<FailureSignal>) =>
  taken(a).fingerprint === taken(b).fingerprint;
const kinds = (fields: Partial<FailureSignal>) => taken(fields).fingerprintParts.map(({ kind }) => kind);

const hashOf = (...values: string[]) =>
  toFingerprint(
    values.map((value) => ({ kind: 'caller', value, why: '' })),
    'v1',
  ).fingerprint;

const failingAt = (line: number) => ({
  message: `order ${line} failed`,
  exception: thrown(
    'TypeError',
    `bad item ${line}`,
    `TypeError: bad item ${line}\n    at price (/app/src/price.js:${line}:7)`,
  ),
});

const wrapped = (message: string) => ({
  exception: thrown('Error', message, `Error: ${message}\n  at request (/app/src/api.js:1:7)`),
});

const vendor = (message: string) => ({
  exception: thrown('Error', message, `Error: ${message}\n  at a (/app/node_modules/a.js:1:7)`),
});

describe('fingerprintOf', () => {
  test('is the version and 32 hex digits of what the parts say', () => {
    const signal = taken({ message: 'boom 5' });
    expect(signal.fingerprint).toMatch(/^v1:[0-9a-f]{32}$/);
    expect(toFingerprint(signal.fingerprintParts, 'v1').fingerprint).toBe(signal.fingerprint);
  });

  test('cannot be confused by delimiters in the parts', () => {
    expect(
      new Set([hashOf('a', 'b'), hashOf('a","b'), hashOf('a,b'), hashOf('ab'), hashOf('', 'ab')]).size,
    ).toBe(5);
  });

  test('goes by exception types and in-app frames, whatever the numbers in message and stack', () => {
    expect(same(failingAt(1), failingAt(2))).toBe(true);
    expect(kinds(failingAt(1))).toEqual(['service', 'exception-type', 'frame']);
  });

  test('tells throw sites, types and services apart', () => {
    const base = { exception: thrown('TypeError', 'x', `TypeError: x\n  ${frame}`) };
    expect(
      same(base, { exception: thrown('TypeError', 'x', `TypeError: x\n  at tax (/app/src/price.js:1:7)`) }),
    ).toBe(false);
    expect(same(base, { exception: thrown('RangeError', 'x', `RangeError: x\n  ${frame}`) })).toBe(false);
    expect(same(base, { ...base, service: 'pricing' })).toBe(false);
  });

  test('adds the message where the throw site is a generic wrapper or there is no in-app frame', () => {
    expect(same(wrapped('no stock'), wrapped('no price'))).toBe(false);
    expect(same(vendor('no stock'), vendor('no price'))).toBe(false);
    expect(same(vendor('no stock 1'), vendor('no stock 2'))).toBe(true);
  });

  test.each<[string, Partial<FailureSignal>, Partial<FailureSignal>]>([
    [
      'by a service that is shaped like one',
      { message: 'No instances available for ts-basic-service' },
      { message: 'No instances available for ts-route-service' },
    ],
    [
      'in the message of an exception with the same stack',
      {
        exception: thrown('Error', 'calling inventory failed', `Error: calling inventory failed\n  ${frame}`),
      },
      { exception: thrown('Error', 'calling pricing failed', `Error: calling pricing failed\n  ${frame}`) },
    ],
    [
      'in the log message only',
      { message: 'calling inventory failed', exception: thrown('Error', 'boom', `Error: boom\n  ${frame}`) },
      { message: 'calling pricing failed', exception: thrown('Error', 'boom', `Error: boom\n  ${frame}`) },
    ],
    [
      'by what the connection met, with the same stack',
      { exception: thrown('Error', 'connect ECONNREFUSED', `Error: x\n  ${frame}`) },
      { exception: thrown('Error', 'certificate has expired', `Error: x\n  ${frame}`) },
    ],
    [
      'by the port of a database',
      { message: 'connect ECONNREFUSED 10.0.0.5:5432' },
      { message: 'connect ECONNREFUSED 10.0.0.6:6379' },
    ],
    ['by the status that it answered', { message: 'HTTP status 503' }, { message: 'HTTP status 401' }],
  ])('tells apart which dependency failed: %s', (_, a, b) => {
    expect(same(a, b)).toBe(false);
  });

  test('adds a code that the producer gives, and no id', () => {
    expect(same({ attributes: { 'error.code': '23505' } }, { attributes: { 'error.code': '23503' } })).toBe(
      false,
    );
    expect(
      same({ attributes: { 'error.code': 'ab12cd34ef' } }, { attributes: { 'error.code': '99ff00aa11' } }),
    ).toBe(true);
    // What pino writes of an error's code.
    expect(
      same({ attributes: { 'err.code': 'ECONNREFUSED' } }, { attributes: { 'err.code': 'ETIMEDOUT' } }),
    ).toBe(false);
  });

  test('follows the caller, whatever else the signal says', () => {
    expect(
      same(
        { message: 'a', fingerprint: ['x', 'y'] },
        { service: 'pricing', message: 'b', fingerprint: ['x', 'y'] },
      ),
    ).toBe(true);
    expect(same({ fingerprint: ['x', 'y'] }, { fingerprint: ['x'] })).toBe(false);
    expect(same({ message: 'a', fingerprint: [] }, { message: 'a' })).toBe(true);
    expect(
      same(
        { message: 'a', fingerprint: ['{{ default }}', 'x'] },
        { message: 'b', fingerprint: ['{{ default }}', 'x'] },
      ),
    ).toBe(false);
    expect(same({ message: 'a', fingerprint: ['{{default}}'] }, { message: 'a' })).toBe(true);
    expect(same({ message: 'a 1', fingerprint: ['a 1'] }, { message: 'a 2', fingerprint: ['a 2'] })).toBe(
      true,
    );
  });

  test('counts every part of the caller, however many', () => {
    const many = Array.from({ length: 100 }, (_, i) => String(i));
    expect(same({ fingerprint: many }, { fingerprint: [...many.slice(0, 99), 'other'] })).toBe(false);
    expect(taken({ fingerprint: many }).fingerprintParts).toHaveLength(17);
  });
});
