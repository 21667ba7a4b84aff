import { describe, expect, test } from '@jest/globals';
import { toFailureSignal } from '../src/domain/to-failure-signal.ts';
import { readTime } from '../src/domain/read-time.ts';
import { readLevel, severityNumberOf } from '../src/domain/severity.ts';

const micros = Date.UTC(2026, 0, 2, 3, 4, 5) * 1000;
const request = {
  identity: { hash: 'h', isDeclared: false },
  trace: undefined,
  receivedAt: 1,
  newUuid: () => 'uuid',
};
const map = (item: object) => toFailureSignal(item, 0, request).signal;

describe('what loggers write', () => {
  test('pino: time, level number, err with code, hostname, name', () => {
    const signal = map({
      level: 50,
      time: micros / 1000,
      pid: 7,
      hostname: 'box',
      name: 'cart',
      msg: 'boom',
      err: {
        type: 'TypeError',
        message: 'm',
        stack: 's',
        code: 'ECONNREFUSED',
        cause: { name: 'E', message: 'inner' },
      },
    });
    expect(signal).toMatchObject({
      service: 'cart',
      host: 'box',
      message: 'boom',
      severityNumber: 17,
      severityText: 'error',
      occurredAt: micros,
      signalId: 'h:0',
      exception: {
        type: 'TypeError',
        message: 'm',
        stack: 's',
        causes: [{ type: 'E', message: 'inner', stack: null }],
      },
      attributes: { pid: '7', 'err.code': 'ECONNREFUSED' },
    });
  });

  const ecs = {
    traceId: 'abc',
    spanId: 'def',
    service: 'cart',
    release: '1.2',
    host: 'box',
    severityText: 'ERROR',
    severityNumber: 17,
    occurredAt: micros,
    exception: { type: 'T', message: 'm', stack: 's' },
  };

  test('ECS nested: @timestamp, log.level, service.name, trace.id, error.stack_trace; the rest is kept flat', () => {
    const signal = map({
      '@timestamp': '2026-01-02T03:04:05Z',
      log: { level: 'ERROR', logger: 'x' },
      service: { name: 'cart', version: '1.2', id: 9 },
      host: { name: 'box', ip: '::1' },
      trace: { id: 'ABC' },
      span: { id: 'def' },
      error: { type: 'T', message: 'm', stack_trace: 's', code: 5 },
      message: 'boom',
    });
    expect(signal).toMatchObject({ ...ecs, span: null });
    expect(signal.attributes).toEqual({
      log: '{"logger":"x"}',
      'service.id': '9',
      'host.ip': '::1',
      'error.code': '5',
    });
  });

  test('ECS and OpenTelemetry flat: dotted names', () => {
    const signal = map({
      timestamp: '2026-01-02T03:04:05Z',
      'log.level': 'ERROR',
      'service.name': 'cart',
      'service.version': '1.2',
      'host.name': 'box',
      'deployment.environment.name': 'staging',
      'trace.id': 'ABC',
      'span.id': 'def',
      'exception.type': 'T',
      'exception.message': 'm',
      'exception.stacktrace': 's',
    });
    expect(signal).toMatchObject({ ...ecs, environment: 'staging', attributes: {} });
  });

  test.each([
    ['msg', 'message'],
    ['log', 'message'],
    ['short_message', 'message'],
    ['app', 'service'],
    ['name', 'service'],
    ['service.name', 'service'],
    ['trace_id', 'traceId'],
    ['trace.id', 'traceId'],
    ['span_id', 'spanId'],
  ] as const)('%s is read as %s', (alias, name) => {
    expect(map({ [alias]: 'v' })).toMatchObject({ [name]: 'v', attributes: {} });
  });

  test.each(['timestamp', '@timestamp', 'time', 'ts', 'date'])('%s is read as the time', (alias) => {
    expect(map({ [alias]: '2026-01-02T03:04:05Z' })).toMatchObject({ occurredAt: micros, attributes: {} });
  });

  test.each(['level', 'severity', 'levelname', 'log.level'])('%s is read as the severity', (alias) => {
    expect(map({ [alias]: 'Warning' })).toMatchObject({
      severityNumber: 13,
      severityText: 'Warning',
      attributes: {},
    });
  });

  test.each([
    ['err', 'one line', { message: 'one line', stack: null }],
    ['error', 'Traceback:\n  File', { message: null, stack: 'Traceback:\n  File' }],
    ['exception', 'one line', { message: 'one line', stack: null }],
    ['error', { name: 'E', message: 5 }, { type: 'E', message: '5' }],
  ])('%s %j is an exception', (name, value, exception) => {
    expect(map({ [name]: value })).toMatchObject({ exception, attributes: {} });
  });

  test.each([[true], [0], [''], [null], [[]]])('an error field that holds %j is no exception', (error) => {
    expect(map({ error }).exception).toBeNull();
  });
});

describe('what takes precedence', () => {
  test('a proper name wins; its alias becomes an attribute', () => {
    const signal = map({ message: 'm', msg: 'other', service: 's', app: 'a', traceId: 't', trace_id: 'u' });
    expect(signal).toMatchObject({ message: 'm', service: 's', traceId: 't' });
    expect(signal.attributes).toEqual({ msg: 'other', app: 'a', trace_id: 'u' });
  });

  test('null is as good as absent', () => {
    expect(map({ message: null, msg: 'm', service: null, kind: null, time: null })).toMatchObject({
      message: 'm',
      service: 'unknown_service',
      kind: 'log',
      occurredAt: null,
    });
  });

  test('what cannot be read as what it would stand for becomes an attribute', () => {
    const signal = map({ time: 'yesterday', ts: -1, level: {}, msg: { a: 1 }, trace_id: [] });
    expect(signal).toMatchObject({
      occurredAt: null,
      severityNumber: 0,
      message: '',
      traceId: null,
      signalId: 'uuid',
    });
    expect(signal.attributes).toEqual({
      time: 'yesterday',
      ts: '-1',
      level: '{}',
      msg: '{"a":1}',
      trace_id: '[]',
    });
  });

  test('a severity number is kept, and derived from the text only where it is missing or 0', () => {
    expect(map({ severityNumber: 18, severityText: 'info' }).severityNumber).toBe(18);
    expect(map({ severityNumber: 0, severityText: 'fatal' }).severityNumber).toBe(21);
    expect(map({ severityNumber: 9, level: 'error' })).toMatchObject({
      severityNumber: 9,
      severityText: 'error',
    });
  });
});

describe('levels', () => {
  test.each([
    ['TRACE', 1],
    ['debug', 5],
    ['Information', 9],
    [' warning ', 13],
    ['err', 17],
    ['SEVERE', 17],
    ['ERROR3', 19],
    ['fatal4', 24],
    ['CRITICAL', 21],
    ['emerg', 21],
    ['audit', 0],
    ['error5', 0],
    ['constructor', 0],
    ['', 0],
  ])('the word "%s" is %d', (text, number) => {
    expect(severityNumberOf(text)).toBe(number);
  });

  test.each([
    [10, 1],
    [20, 5],
    [30, 9],
    [35, 9],
    [40, 13],
    [50, 17],
    [60, 21],
    [70, 21],
    [3, 0],
    [-50, 0],
    ['50', 17],
  ])("pino's %p is %d", (level, number) => {
    expect(readLevel(level)?.severityNumber).toBe(number);
  });
});

describe('times', () => {
  const seconds = micros / 1e6;
  test.each([
    [seconds],
    [seconds * 1e3],
    [micros],
    [seconds * 1e9],
    [String(seconds)],
    [`${seconds}000000000`],
    ['2026-01-02T04:04:05.000000+01:00'],
  ])('%p is the same moment', (value) => {
    expect(readTime(value)).toBe(micros);
  });

  test('fractions of a second are kept', () => {
    expect(readTime(1_767_323_045.25)).toBe(1_767_323_045_250_000);
  });

  test.each([[0], [-1], [Number.NaN], [1e300], [true], [{}], ['2026-01-02'], ['2026-01-02T03:04:05'], ['']])(
    '%p is no time',
    (value) => {
      expect(readTime(value)).toBeUndefined();
    },
  );
});
