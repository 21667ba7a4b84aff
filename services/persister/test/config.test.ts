import { expect, test } from '@jest/globals';
import { readPersisterConfig } from '../src/config.ts';

const env = {
  KAFKA_BROKERS: 'localhost:9092',
  SCHEMA_REGISTRY_URL: 'http://localhost:8081',
  DATABASE_URL: 'postgresql://localhost/incidents',
};

test('the settings are right as they are by default', () => {
  expect(readPersisterConfig(env)).toMatchObject({ PERSIST_CONCURRENCY: 3, DATABASE_POOL_SIZE: 5 });
});

test.each([
  [
    { PERSIST_CONCURRENCY: '3', DATABASE_POOL_SIZE: '3' },
    'PERSIST_CONCURRENCY: expected less than DATABASE_POOL_SIZE (3)',
  ],
  [
    { REMOVE_AFTER_MS: '1000', COUNTED_RETENTION_MS: '1001' },
    'REMOVE_AFTER_MS: expected at least COUNTED_RETENTION_MS (1001)',
  ],
])('%j contradict each other: that is said at the start', (changes, message) => {
  expect(() => readPersisterConfig({ ...env, ...changes })).toThrow(
    expect.objectContaining({ code: 'configuration', message }),
  );
});
