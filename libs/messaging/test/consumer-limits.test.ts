import { expect, test } from '@jest/globals';
import { defaultConsumerLimits, defaultLimitsFor } from '../src/consumer-limits.ts';

test.each([2_000, 5_000])('whole batches of %i records are fetched while one is at work', (maxRecords) => {
  const { maxActiveRecords } = defaultLimitsFor({ mode: 'batch', maxRecords });
  // Fetching resumes at half of the limit: then another batch is still there to begin with.
  expect(maxActiveRecords / 2).toBeGreaterThan(maxRecords);
});

test('handlers of single records and of small batches have the same limits', () => {
  expect(defaultLimitsFor({ mode: 'record' })).toEqual(defaultConsumerLimits);
  expect(defaultLimitsFor({ mode: 'batch', maxRecords: 10 })).toEqual(defaultConsumerLimits);
});
