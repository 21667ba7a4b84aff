import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { done } from '../../src/index.ts';
import { failure, Journal, TestCluster } from '../test-cluster.ts';

jest.setTimeout(60_000);

let cluster: TestCluster;

beforeEach(async () => {
  cluster = new TestCluster();
  await cluster.setUp(1);
});

afterEach(() => cluster.close());

test('a key with 95 % of the traffic that stands still holds back no other key, and then runs in order', async () => {
  const seen = new Journal<string>();
  const hotMayGoOn = Promise.withResolvers<void>();
  await cluster.consume({
    mode: 'record',
    concurrency: 4,
    async handle({ key, value }) {
      if (key === 'hot') await hotMayGoOn.promise;
      seen.add(`${key} ${value.message}`);
      return done;
    },
  });
  const producer = await cluster.producer();
  const records = Array.from({ length: 1_000 }, (_, i) =>
    failure(String(i), i % 20 === 19 ? `cold-${i}` : 'hot'),
  );
  await producer.send(records);
  await seen.until(({ length }) => length === 50);
  expect(seen.entries.every((entry) => entry.startsWith('cold-'))).toBe(true);
  hotMayGoOn.resolve();
  await seen.until(({ length }) => length === 1_000);
  const hot = seen.entries.filter((entry) => entry.startsWith('hot')).map((entry) => Number(entry.slice(4)));
  expect(hot).toEqual(hot.toSorted((a, b) => a - b));
  expect(hot).toHaveLength(950);
  expect(new Set(seen.entries).size).toBe(1_000);
});
