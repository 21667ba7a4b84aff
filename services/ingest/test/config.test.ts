import { describe, expect, test } from '@jest/globals';
import { isLoopback, readIngestConfig } from '../src/config.ts';

const required = { KAFKA_BROKERS: 'localhost:9092', SCHEMA_REGISTRY_URL: 'http://localhost:8081' };

describe('settings of ingest', () => {
  test('two are required, the others have defaults, and it listens on loopback', () => {
    expect(readIngestConfig(required)).toMatchObject({
      INGEST_HOST: '127.0.0.1',
      INGEST_PORT: 8080,
      INGEST_ALLOW_OPEN: false,
      FORWARD_MIN_SEVERITY: 13,
      MAX_BODY_BYTES: 10_485_760,
      MAX_ITEMS: 10_000,
      MAX_ITEM_BYTES: 1_048_576,
    });
  });

  test('every fault is named at once', () => {
    for (const name of ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'MAX_ITEMS', 'FORWARD_MIN_SEVERITY']) {
      expect(() => readIngestConfig({ MAX_ITEMS: 'many', FORWARD_MIN_SEVERITY: '25' })).toThrow(
        expect.objectContaining({ code: 'configuration', message: expect.stringContaining(name) }),
      );
    }
  });

  test.each(['localhost:6379', 'redis', 'http://localhost:6379', 'redis//localhost'])(
    'REDIS_URL is not taken when it is %s, and not quoted either',
    (REDIS_URL) => {
      expect(() => readIngestConfig({ ...required, REDIS_URL })).toThrow(
        expect.objectContaining({
          code: 'configuration',
          message: expect.stringMatching(
            / REDIS_URL: expected a URL starting with redis:\/\/ or rediss:\/\/$/,
          ),
        }),
      );
    },
  );

  test('REDIS_URL may be left out, empty, or with TLS', () => {
    expect(redisUrlOf({})).toBeUndefined();
    expect(redisUrlOf({ REDIS_URL: '' })).toBeUndefined();
    expect(redisUrlOf({ REDIS_URL: 'rediss://cache:6380/1' })).toBe('rediss://cache:6380/1');
  });

  test.each(['0.0.0.0', '::', '192.168.1.5', 'ingest.example', '127.example.com'])(
    'it refuses to listen on %s, unless told that it may be open',
    (INGEST_HOST) => {
      expect(() => readIngestConfig({ ...required, INGEST_HOST })).toThrow(
        expect.objectContaining({
          code: 'configuration',
          message: expect.stringContaining('INGEST_ALLOW_OPEN=true'),
        }),
      );
      expect(readIngestConfig({ ...required, INGEST_HOST, INGEST_ALLOW_OPEN: 'true' }).INGEST_HOST).toBe(
        INGEST_HOST,
      );
    },
  );

  test.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('%s is loopback', (host) => {
    expect(isLoopback(host)).toBe(true);
  });
});

function redisUrlOf(env: object): string | undefined {
  return readIngestConfig({ ...required, ...env }).REDIS_URL;
}
