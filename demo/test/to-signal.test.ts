import { describe, expect, test } from '@jest/globals';
import { avroTypeOf } from '@prodsentinel/contracts';
import { keyOf, toSignal } from '../src/replay/to-signal.ts';

const source = { fileHash: 'a'.repeat(64), lineNumber: 172_722 };
const line = {
  timeUnixNano: '1674981729487160534',
  service: 'ts-travel-service',
  pod: 'ts-travel-service-5c66d57d58-6mp2b',
  level: 'ERROR',
  traceId: '6f3cbf058c2765548a39ad724905d6a1',
  spanId: '576f9c38fc25e197',
  message: 'no instances available',
};

describe('a log line', () => {
  test('becomes a signal with the identity of its place in the file', () => {
    const signal = read(line);
    expect(signal).toMatchObject({
      signalId: `${'a'.repeat(64)}:172722`,
      occurredAt: 1_674_981_729_487_160,
      service: 'ts-travel-service',
      host: 'ts-travel-service-5c66d57d58-6mp2b',
      severityNumber: 17,
      severityText: 'ERROR',
      traceId: line.traceId,
      spanId: line.spanId,
      message: 'no instances available',
    });
    expect(keyOf(signal!)).toBe(line.traceId);
    expect(Buffer.byteLength(signal!.signalId!)).toBeLessThanOrEqual(128);
  });

  test.each([
    ['INFO', 9],
    ['WARN', 13],
    ['warning', 13],
    ['FATAL', 21],
    ['SHOUT', 0],
  ])('at level %s has severity number %d', (level, severityNumber) => {
    expect(read({ ...line, level })?.severityNumber).toBe(severityNumber);
  });

  test.each([
    ['-6795364578871345152', -6_795_364_578_871_346],
    [-1_000, -1],
    ['-1', -1],
    ['0', 0],
    [1_674_981_729, 1_674_981],
  ])('keeps the time %s as it is, rounded down to microseconds', (timeUnixNano, micros) => {
    expect(read({ ...line, timeUnixNano })?.occurredAt).toBe(micros);
  });

  test.each(['99999999999999999999', '-9223372036854775808', 'yesterday', '1.5', '9'.repeat(400)])(
    'keeps the time %s as an attribute when it does not fit',
    (timeUnixNano) => {
      const signal = read({ ...line, timeUnixNano });
      expect(signal?.occurredAt).toBeNull();
      expect(signal?.attributes).toEqual({ timeUnixNano });
    },
  );

  test('may lack every field', () => {
    const signal = read({});
    expect(signal).toMatchObject({
      service: 'unknown_service',
      traceId: null,
      spanId: null,
      host: null,
      severityNumber: 0,
      severityText: null,
      message: '',
      occurredAt: null,
    });
    expect(keyOf(signal!)).toBe('unknown_service');
  });

  test('keeps what it says besides, and what has another type than expected, as text', () => {
    const signal = read({
      ...line,
      traceId: 7,
      message: { a: [1] },
      region: 'eu',
      retries: 3,
      nothing: null,
    });
    expect(signal).toMatchObject({
      traceId: '7',
      message: '{"a":[1]}',
      attributes: { region: 'eu', retries: '3' },
    });
    expect(signal?.attributes).not.toHaveProperty('nothing');
  });

  test.each(['', 'not json', '{"half":', '[1]', '"text"', 'null', '3'])('that is %j is no signal', (text) => {
    expect(toSignal(Buffer.from(text), source)).toBeUndefined();
  });

  test('always fits the schema', () => {
    for (const each of [line, {}, { ...line, service: ['a'], pod: 1, spanId: {}, level: false }]) {
      expect(avroTypeOf('failures').isValid(read(each))).toBe(true);
    }
  });
});

function read(json: object) {
  return toSignal(Buffer.from(JSON.stringify(json)), source);
}
