import { expect, test } from '@jest/globals';
import { isAppError } from '@prodsentinel/kernel';
import fc from 'fast-check';
import { readCommonItem, type ReadItem } from '../src/domain/common-item.ts';
import { levelAliases, textAliases, timeAliases } from '../src/domain/field-aliases.ts';
import { flatExceptionNames } from '../src/domain/read-exception.ts';
import { readAnyItem } from '../src/domain/to-failure-signal.ts';

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

const text = fc.oneof(
  fc.constantFrom('', ' ', 'error', 'ERROR2', 'warn', '30', 'cart', 'log', 'span', 'a\nb', traceparent),
  fc.constantFrom(
    '2026-01-02T03:04:05Z',
    '2026-02-30T03:04:05Z',
    '2026-01-02 03:04:05.123456789+02:00',
    '1e3',
  ),
  fc.string({ unit: 'binary', maxLength: 150 }),
);
const number = fc.oneof(
  fc.integer({ min: -1, max: 70 }),
  fc.double({ noNaN: true }),
  fc.constant(1_767_322_996),
);
const scalar = fc.oneof({ weight: 4, arbitrary: text }, number, fc.boolean(), fc.constant(null));
const errorNames = [
  'type',
  'message',
  'stack',
  'cause',
  'causes',
  'name',
  'class',
  'msg',
  'code',
  '__proto__',
];
const errorObject = (value: fc.Arbitrary<unknown>) =>
  fc.array(fc.tuple(fc.constantFrom(...errorNames, 'stacktrace', 'stack_trace'), value), { maxLength: 4 });
const causes = fc.array(fc.oneof({ weight: 4, arbitrary: errorObject(text).map(objectOf) }, scalar), {
  maxLength: 3,
});
const nestedNames = [
  'name',
  'level',
  'id',
  'version',
  'environment',
  'environment.name',
  'type',
  '__proto__',
  'a',
];
const nested = fc.array(fc.tuple(fc.constantFrom(...nestedNames), scalar), { maxLength: 3 }).map(objectOf);
const value = fc.oneof(
  { weight: 12, arbitrary: scalar },
  {
    weight: 3,
    arbitrary: errorObject(fc.oneof({ weight: 8, arbitrary: text }, scalar, causes)).map(objectOf),
  },
  { weight: 1, arbitrary: nested },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 2 }) },
);
const names = [
  ...Object.entries(textAliases).flat(2),
  ...timeAliases,
  ...levelAliases,
  ...Object.values(flatExceptionNames).flat(),
  ...'exception err error err.code exception.code error.name occurredAt receivedAt severityText'.split(' '),
  ...'severityNumber kind parentSpanId traceparent attributes span metric fingerprint trace'.split(' '),
  ...'deployment log __proto__ toString 1'.split(' '),
];
const item = fc
  .array(fc.tuple(fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...names) }, fc.string()), value), {
    maxLength: 8,
  })
  .map(objectOf);

/** As JSON.parse makes it: `__proto__` is a name like any other. */
function objectOf(pairs: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const fields = pairs.map(([name, each]) => `${JSON.stringify(name)}:${JSON.stringify(each)}`);
  return JSON.parse(`{${fields.join()}}`) as Record<string, unknown>;
}

test('the quick way reads what the whole way reads, or nothing', () => {
  let quick = 0;
  fc.assert(
    fc.property(item, (each) => {
      const read = readCommonItem(each);
      if (read === undefined) return;
      quick++;
      expect(read).toEqual(outcomeOfWholeWay(each));
      expect(Object.keys(read.signal)).toEqual(Object.keys(readAnyItem({}).signal));
    }),
    { seed: 7, numRuns: 20_000 },
  );
  // What is compared must not be the little that is left when nearly everything takes the whole way.
  expect(quick).toBeGreaterThan(4_000);
});

function outcomeOfWholeWay(each: object): ReadItem | string {
  try {
    return readAnyItem(each);
  } catch (error) {
    if (isAppError(error)) return `refused: ${error.message}`;
    throw error;
  }
}

test.each([
  [
    'pino',
    {
      level: 50,
      time: 1_767_322_996_000,
      pid: 1,
      hostname: 'a',
      name: 'cart',
      msg: 'm',
      err: { type: 'E', message: 'm', stack: 's', code: 'X' },
    },
  ],
  ['winston', { level: 'error', message: 'm', timestamp: '2026-01-02T03:04:05.123Z', service: 'cart' }],
  [
    'flat ECS',
    {
      '@timestamp': '2026-01-02T03:04:05Z',
      'log.level': 'error',
      'service.name': 'cart',
      'trace.id': 'a',
      message: 'm',
    },
  ],
  [
    'our own library',
    {
      service: 's',
      environment: 'e',
      time: '2026-01-02T03:04:05Z',
      severityNumber: 17,
      severityText: 'ERROR',
      message: 'm',
      exception: { type: 'E', message: 'm', stack: 's', causes: [{ type: 'F', message: 'n' }] },
      attributes: { 'exception.code': 'X' },
    },
  ],
  [
    'an OpenTelemetry log record',
    {
      service: undefined,
      kind: 'log',
      traceId: 'a',
      spanId: null,
      severityNumber: 17,
      severityText: null,
      message: 'm',
      exception: { type: 'E', message: null, stack: null },
      occurredAt: 1,
      attributes: {},
    },
  ],
])('the quick way takes what %s writes', (_name, each) => {
  expect(readCommonItem(each)).toEqual(readAnyItem(each));
});

test('what an error object holds besides never replaces a field of that name', () => {
  const each = { err: { message: 'm', code: 'inner' }, 'err.code': 'outer' };
  expect(readCommonItem(each) ?? readAnyItem(each)).toEqual(readAnyItem(each));
});

test('an attribute that is nested too deeply for JavaScript is left to the whole way', () => {
  const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) as unknown;
  expect(readCommonItem({ message: 'm', deep })).toBeUndefined();
  expect(outcomeOfWholeWay({ message: 'm', deep })).toBe('refused: deep: nested too deeply');
});
