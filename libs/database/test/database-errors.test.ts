import { expect, test } from '@jest/globals';
import { AppError } from '@prodsentinel/kernel';
import { toDatabaseError, toRunningDatabaseError } from '../src/index.ts';

// What it means when the database is opened, and when it had let us in before.
test.each([
  ['40P01', 'unavailable'],
  ['40001', 'unavailable'],
  ['08006', 'unavailable'],
  ['57P01', 'unavailable'],
  ['57P02', 'unavailable'],
  ['57P03', 'unavailable'],
  ['57P04', 'unavailable'],
  ['57014', 'unavailable'],
  ['55P03', 'unavailable'],
  ['25P03', 'unavailable'],
  ['25006', 'unavailable'],
  ['53100', 'unavailable'],
  ['53300', 'unavailable'],
  ['ECONNREFUSED', 'unavailable'],
  ['23505', 'invalid_input'],
  ['22P05', 'invalid_input'],
  ['54000', 'invalid_input'],
  ['28000', 'configuration', 'unavailable'],
  ['28P01', 'configuration', 'unavailable'],
  ['3D000', 'configuration', 'unavailable'],
  ['42P01', 'bug'],
  ['55000', 'bug'],
])('an error with the code %s means %s', (code, opening, running = opening) => {
  const error = Object.assign(new Error('it says so'), { code });
  const message = expect.stringContaining('it says so');
  expect(toDatabaseError(error)).toMatchObject({ code: opening, message, cause: error });
  expect(toRunningDatabaseError(error)).toMatchObject({ code: running, message, cause: error });
});

test.each([
  ['55000', 'database "incidents" is not currently accepting connections'],
  ['57P03', 'the database system is not yet accepting connections'],
])('%s, "%s": that ends', (code, message) => {
  expect(toDatabaseError(Object.assign(new Error(message), { code })).code).toBe('unavailable');
});

test.each([
  'Connection terminated unexpectedly',
  'timeout exceeded when trying to connect',
  'Query read timeout',
  'Client has encountered a connection error and is not queryable',
])('pg says "%s" without a code: that is bad weather', (message) => {
  expect(toDatabaseError(new Error(message)).code).toBe('unavailable');
});

test('several failed attempts to connect mean what the first one means', () => {
  const first = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  expect(toDatabaseError(new AggregateError([first], '')).code).toBe('unavailable');
});

test('what is ours already stays as it is', () => {
  const own = new AppError('conflict', 'mine');
  expect(toDatabaseError(own)).toBe(own);
  const refused = new AppError('configuration', 'mine');
  expect(toRunningDatabaseError(refused)).toBe(refused);
});
