import { expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { Assignments } from '../src/assignments.ts';
import { createConsumerMetrics } from '../src/consumer-metrics.ts';
import { OffsetResets } from '../src/offset-resets.ts';

// What kafkajs does when it joins again after the offsets of a deleted topic were forgotten; on a real broker
// (conformance/offset-out-of-range) they are found out of range first, as far as was seen.
function joined() {
  const said: string[] = [];
  const logger = {
    debug() {},
    info() {},
    warn() {},
    error: (_: object, message: string) => void said.push(message),
  };
  const assignments = new Assignments();
  assignments.joined('m1', { failures: [0] });
  const resets = new OffsetResets({
    connection: { brokers: [], clientId: 'test', logger },
    groupId: 'g',
    topics: ['failures'],
    metrics: createConsumerMetrics(new Registry(), 'g', { standings: () => [], hanging: () => 0 }),
    assignments: () => assignments,
  });
  const owner = assignments.get('failures', 0)!;
  for (let offset = 0; offset < 20; offset++) owner.tracker.begin(offset);
  return { assignments, resets, owner, said };
}

test('a batch of a partition that ends before what was seen of it belongs to a new assignment, said aloud', () => {
  const { assignments, resets, owner, said } = joined();
  const fresh = resets.ownerOf(owner, { first: 0, high: 5 });
  expect(fresh).not.toBe(owner);
  expect(owner.isLost).toBe(true);
  expect(assignments.get('failures', 0)).toBe(fresh);
  expect(fresh.tracker.begin(0)).toBe(true);
  expect(said).toEqual(['failures/0: the offset 20 is not within 0 to 5 (recreated): reading from 0']);
});

test('a batch that is sent again after a join belongs to the assignment that saw it', () => {
  const { resets, owner, said } = joined();
  expect(resets.ownerOf(owner, { first: 0, high: 20 })).toBe(owner);
  expect(said).toEqual([]);
});
