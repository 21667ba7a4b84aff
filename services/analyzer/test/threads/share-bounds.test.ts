import { availableParallelism } from 'node:os';
import { expect, test } from '@jest/globals';
import { readAnalyzerConfig } from '../../src/config.ts';
import { shareBounds, threadsOf } from '../../src/threads/share-bounds.ts';

const env = {
  KAFKA_BROKERS: 'kafka:9092',
  SCHEMA_REGISTRY_URL: 'http://registry:8081',
  REDIS_URL: 'redis://redis:6379',
};

test('what bounds the process is shared out over its threads; what bounds a partition is not', () => {
  const config = readAnalyzerConfig({
    ...env,
    OPEN_FAILURES_TOTAL_MAX: '1000',
    OPEN_CHARS_TOTAL_MAX: '200000',
    CONTEXT_SIGNALS_MAX: '10',
  });
  const share = shareBounds(config, 3);
  expect(share.allWindows).toEqual({ maxOpenFailures: 334, maxKeptChars: 66_667 });
  expect(share.CONTEXT_SIGNALS_MAX).toBe(4);
  expect(share.windows).toEqual(config.windows);
  expect([share.ANALYZER_STAGES, threadsOf(share)]).toEqual([['observe'], 1]);
});

test('threads are as many as asked for, by default one for each core and at most four', () => {
  expect(threadsOf(readAnalyzerConfig({ ...env, OBSERVE_THREADS: '7' }))).toBe(7);
  expect(threadsOf(readAnalyzerConfig(env))).toBe(Math.min(4, availableParallelism()));
});

test('the settings survive the way into a thread', () => {
  const config = readAnalyzerConfig(env);
  expect(structuredClone(config)).toEqual(config);
});
