import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { avroTypeOf, emptyRecord, parseFailureSignal, toTimestampMicros } from '../src/index.ts';

test('an empty object is a signal with every default, and Avro takes it', () => {
  const signal = parseFailureSignal({});
  expect(signal).toEqual({ ...emptyRecord('failures'), attributes: {} });
  expect(avroTypeOf('failures').isValid(signal)).toBe(true);
});

test('a full signal is read as it is', () => {
  const json = {
    signalId: 's-1',
    traceId: 'abc',
    service: 'checkout',
    environment: 'staging',
    severityNumber: 17,
    message: 'boom',
    exception: { type: 'TypeError', message: 'x', stack: 'at y', causes: [{ type: 'Inner' }] },
    fingerprint: ['mine'],
    occurredAt: '2026-11-24T05:00:00.123456Z',
  };
  const signal = parseFailureSignal(json);
  expect(signal).toMatchObject({ ...json, exception: { type: 'TypeError' }, occurredAt: 1795496400123456 });
  expect(signal.exception?.causes).toEqual([{ type: 'Inner', message: null, stack: null }]);
  expect(avroTypeOf('failures').isValid(signal)).toBe(true);
});

test('what the schema does not know goes to the attributes, as text', () => {
  const signal = parseFailureSignal({
    orderId: 7,
    nested: { a: [1] },
    nothing: null,
    attributes: { orderId: 'kept' },
  });
  expect(signal.attributes).toEqual({ orderId: 'kept', nested: '{"a":[1]}' });
});

test('an empty service and environment read as their defaults', () => {
  expect(parseFailureSignal({ service: '', environment: '' })).toMatchObject({
    service: 'unknown_service',
    environment: 'default',
  });
});

test.each([
  [[], ''],
  ['text', ''],
  [{ message: 7 }, 'message'],
  [{ severityNumber: 25 }, 'severityNumber'],
  [{ severityNumber: 1.5 }, 'severityNumber'],
  [{ exception: { causes: [{ type: 1 }] } }, 'exception.causes.0.type'],
  [{ occurredAt: 'yesterday' }, 'occurredAt'],
  [{ occurredAt: 1.5 }, 'occurredAt'],
  [{ signalId: 'x'.repeat(129) }, 'signalId'],
  [{ metric: { value: 'high' } }, 'metric.value'],
])('%j is refused, with the place', (json, path) => {
  expect(() => parseFailureSignal(json)).toThrow(expect.objectContaining({ code: 'invalid_input', path }));
});

test.each([
  ['a', (deep: string) => `{"a":${deep}}`],
  ['b', (deep: string) => `{"attributes":{"b":${deep}}}`],
])(
  "nesting without end in %s is refused as the sender's fault, not met as an error of ours",
  (path, toJson) => {
    const json: unknown = JSON.parse(toJson('['.repeat(100_000) + ']'.repeat(100_000)));
    expect(() => parseFailureSignal(json)).toThrow(expect.objectContaining({ code: 'invalid_input', path }));
  },
);

test('a refusal never quotes the value', () => {
  expect(() => parseFailureSignal({ occurredAt: 'hunter2' })).toThrow(expect.not.stringContaining('hunter2'));
});

test.each([
  ['1970-01-01T00:00:00Z', 0],
  ['1970-01-01T00:00:00.000001Z', 1],
  ['1970-01-01T01:00:00.5+01:00', 500_000],
  ['1969-12-31T23:59:59.999999999z', -1],
  [-6_795_364_578_871_345, -6_795_364_578_871_345],
])('%p is %p microseconds', (value, micros) => {
  expect(toTimestampMicros(value)).toBe(micros);
});

test('a time in UTC is the same written Z and +00:00, whatever is wrong with it', () => {
  const fraction = fc.oneof(
    fc.constant(''),
    fc.string({ unit: fc.constantFrom('0', '1', '5', '9'), maxLength: 10 }).map((each) => `.${each}`),
    fc.constantFrom(',5', '.5a', ' '),
  );
  const time = fc.tuple(
    number(9999, 4),
    number(13, 2),
    number(32, 2),
    number(25, 2),
    number(61, 2),
    number(61, 2),
  );
  let taken = 0;
  fc.assert(
    fc.property(time, fraction, ([year, month, day, hour, minute, second], rest) => {
      const local = `${year}-${month}-${day}T${hour}:${minute}:${second}${rest}`;
      const micros = microsOrFault(`${local}Z`);
      expect(micros).toEqual(microsOrFault(`${local}+00:00`));
      if (typeof micros === 'number') taken++;
    }),
    { seed: 7, numRuns: 20_000 },
  );
  expect(taken).toBeGreaterThan(4_000);
});

function number(max: number, length: number): fc.Arbitrary<string> {
  return fc.integer({ min: 0, max }).map((each) => String(each).padStart(length, '0'));
}

function microsOrFault(text: string): number | string {
  try {
    return toTimestampMicros(text);
  } catch (error) {
    return (error as Error).message;
  }
}
