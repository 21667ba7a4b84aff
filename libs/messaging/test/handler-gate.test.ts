import { expect, test } from '@jest/globals';
import { behindGate, HandlerGate } from '../src/handler-gate.ts';
import { done, type AnyRecord, type BatchHandler, type RecordHandler } from '../src/index.ts';

const { signal } = new AbortController();
const record = (offset: number) =>
  ({ topic: 'failures', partition: 0, offset, epoch: 1 }) as AnyRecord<'failures'>;

test('closed, it lets the call at work end and none begin; open again, the next one begins', async () => {
  const gate = new HandlerGate();
  const calls: number[] = [];
  const first = Promise.withResolvers<void>();
  const handler: RecordHandler<'failures'> = {
    mode: 'record',
    concurrency: 2,
    async handle({ offset }) {
      calls.push(offset);
      if (offset === 1) await first.promise;
      return done;
    },
  };
  const gated = behindGate(handler, gate, () => true) as RecordHandler<'failures'>;
  const one = gated.handle(record(1), signal);
  gate.close();
  const two = gated.handle(record(2), signal);
  const idle = gate.whenIdle();
  expect(calls).toEqual([1]);
  first.resolve();
  await Promise.all([one, idle]);
  expect(calls).toEqual([1]);
  gate.open();
  await two;
  expect(calls).toEqual([1, 2]);
});

test('a record whose partition was lost while it waited is not handled', async () => {
  const gate = new HandlerGate();
  const handler: RecordHandler<'failures'> = {
    mode: 'record',
    concurrency: 1,
    handle: () => Promise.reject(new Error('it was handled')),
  };
  let isLost = false;
  const gated = behindGate(handler, gate, () => !isLost) as RecordHandler<'failures'>;
  gate.close();
  const waiting = gated.handle(record(1), signal);
  isLost = true;
  gate.open();
  await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
});

test('of a batch that waited only the records of partitions that are still ours are handled, and outcomes stay in order', async () => {
  const gate = new HandlerGate();
  const handled: number[] = [];
  const handler: BatchHandler<'failures'> = {
    mode: 'batch',
    maxRecords: 10,
    concurrency: 3,
    async handle(records) {
      handled.push(...records.map(({ offset }) => offset));
      return records.map(() => ({ kind: 'held' as const }));
    },
  };
  const gated = behindGate(handler, gate, ({ offset }) => offset !== 2) as BatchHandler<'failures'>;
  const outcomes = await gated.handle([record(1), record(2), record(3)], signal);
  expect(handled).toEqual([1, 3]);
  expect(outcomes.map(({ kind }) => kind)).toEqual(['held', 'done', 'held']);
  expect(gated).toMatchObject({ maxRecords: 10, concurrency: 3 });
});
