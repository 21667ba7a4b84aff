import { expect, test } from '@jest/globals';
import type { StoredDeadLetter } from '@prodsentinel/messaging';
import { obstacleOf } from '../src/dead-letters/redrive.ts';

const letter: StoredDeadLetter = {
  record: {
    partition: 0,
    offset: 1,
    key: null,
    value: Buffer.from('v'),
    timestampMs: 0,
    rawHeaders: {},
    headers: {},
  },
  source: { topic: 'analyses', partition: 0, offset: 7, timestampMs: 0 },
  code: 'invalid_input',
  reason: '',
  stage: 'persist',
  lastFailedAt: '',
  redrives: 0,
};

const obstacle = (more: Partial<StoredDeadLetter>, maxUnpackedBytes?: number) =>
  obstacleOf(
    'analyses',
    { ...letter, ...more },
    { maxRedrives: 3, partitions: 1, nowMs: 0, maxUnpackedBytes },
  );

test('a whole batch is left alone until it may be unpacked', () => {
  expect(obstacle({})).toBeUndefined();
  expect(obstacle({ batchLastOffset: 9 })).toContain('a whole batch, up to offset 9');
  expect(obstacle({ batchLastOffset: 9 }, 1)).toBeUndefined();
});
