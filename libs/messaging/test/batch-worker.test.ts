import { expect, test } from '@jest/globals';
import { AssignedPartition } from '../src/assigned-partition.ts';
import { TakenBacklog } from '../src/backlog.ts';
import { BatchWorker } from '../src/batch-worker.ts';
import { defaultConsumerLimits } from '../src/consumer-limits.ts';
import type { WorkContext } from '../src/work.ts';
import type { WorkItem } from '../src/work-item.ts';

const logger = { debug() {}, info() {}, warn() {}, error() {} };

test('the trouble of a batch ends when all its partitions are lost: nobody waits for it any more', async () => {
  const owner = new AssignedPartition('failures', 0, 1);
  const { promise: told, resolve: tell } = Promise.withResolvers<string | undefined>();
  const context = {
    logger,
    codec: { decode: () => ({}) },
    signal: new AbortController().signal,
    now: Date.now,
    limits: defaultConsumerLimits,
    onRetry: () => owner.lose(),
    onTrouble: (reason: string | undefined) => {
      if (reason === undefined) tell('it is over');
    },
    fail: ({ message }: Error) => tell(message),
  } as unknown as WorkContext;
  const worker = new BatchWorker<'failures'>(context, {
    mode: 'batch',
    maxRecords: 10,
    handle: () => Promise.reject(Object.assign(new Error('away'), { code: 'ECONNREFUSED' })),
  });
  owner.tracker.begin(0);
  const item = { owner, offset: 0, key: null, value: Buffer.from('{}'), headers: {}, attempt: 1 };
  worker.add(new TakenBacklog(owner, [item as unknown as WorkItem]));
  expect(await told).toBe('it is over');
  await worker.drain();
});
