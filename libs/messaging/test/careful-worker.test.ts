import { expect, test } from '@jest/globals';
import { AppError } from '@prodsentinel/kernel';
import { AssignedPartition } from '../src/assigned-partition.ts';
import { CarefulWorker } from '../src/careful-worker.ts';
import { CrashMarks } from '../src/crash-marks.ts';
import { createCrashMemory, type CrashMark, type CrashMemory, type CrashStore } from '../src/index.ts';
import { defaultConsumerLimits } from '../src/consumer-limits.ts';
import { TakenBacklog, type Backlog } from '../src/backlog.ts';
import type { WorkContext } from '../src/work.ts';
import type { WorkItem } from '../src/work-item.ts';

const group = 'g';
const logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Marks that outlive the processes of a test, or fail while `isAway`. */
function createStore() {
  const marks = new Map<string, CrashMark>();
  const state = { isAway: false };
  const run = async <T>(work: () => T): Promise<T> => {
    if (state.isAway) throw new AppError('unavailable', 'away');
    return work();
  };
  const store: CrashStore = {
    read: (_group, partition) => run(() => marks.get(partition)),
    write: (_group, partition, mark) => run(() => void marks.set(partition, mark)),
    remove: (_group, partition) => run(() => void marks.delete(partition)),
  };
  return { store, state, mark: (partition = 0) => marks.get(`failures/${partition}`) };
}

/** One process with one assigned partition: what it hands on is in `begun` until the test lets it end. */
const startProcess = (store: CrashStore) => startConsumer(createCrashMemory(store), 0);

/** One consumer of a process; those of the same process share a memory. */
function startConsumer(memory: CrashMemory, partition: number) {
  const marks = new CrashMarks({ memory, group, logger, nowMs: Date.now });
  const owner = new AssignedPartition('failures', partition, 1);
  const begun: number[] = [];
  const inner = {
    add: (backlog: Backlog) => void begun.push(...backlog.take(Infinity).map(({ offset }) => offset)),
    drain: async () => undefined,
  };
  const failures: AppError[] = [];
  const context = {
    logger,
    limits: defaultConsumerLimits,
    fail: (error: AppError) => failures.push(error),
  } as unknown as WorkContext;
  const worker = new CarefulWorker(inner, { memory, marks, context });
  return {
    begun,
    failures,
    /** As a fetch hands them over; the partition ends behind them. */
    async handOver(from: number, to: number): Promise<void> {
      await marks.before(owner, to, to);
      owner.highWatermark = to;
      const items = Array.from({ length: to - from }, (_, i) => ({ offset: from + i, owner }));
      worker.add(new TakenBacklog(owner, items as WorkItem[]));
      await settled();
    },
    async end(offset: number, isHeld = false): Promise<void> {
      worker.settled(owner, offset, isHeld);
      await settled();
    },
    release: () => marks.release([owner], 1_000),
    keep: () => marks.keep(owner),
  };
}

/** Everything that can happen without time passing has happened. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('without a crash everything is handed on at once, marked ahead, and an orderly end removes the mark', async () => {
  const { store, mark } = createStore();
  const process = startProcess(store);
  await process.handOver(0, 10);
  expect(process.begun).toHaveLength(10);
  expect(mark()?.until).toBeGreaterThanOrEqual(10);
  await process.release();
  expect(mark()).toBeUndefined();
});

test('after a crash records are handed on one at a time, each noted before, up to where it had been; the rest at once', async () => {
  const { store, mark } = createStore();
  await startProcess(store).handOver(0, 3);
  const next = startProcess(store);
  await next.handOver(0, 3);
  await next.handOver(3, 6);
  expect(next.begun).toEqual([0]);
  expect(mark()?.trying).toEqual([0]);
  await next.end(0);
  expect(next.begun).toEqual([0, 1]);
  expect(mark()?.trying).toEqual([1]);
  await next.end(1);
  await next.end(2);
  expect(next.begun).toEqual([0, 1, 2, 3, 4, 5]);
  expect(mark()).not.toHaveProperty('carefulUntil');
  expect(mark()).not.toHaveProperty('trying');
  expect(next.failures).toEqual([]);
});

test('only the record that was alone with a crash is counted, and no longer once it has passed', async () => {
  const { store, mark } = createStore();
  await startProcess(store).handOver(0, 3);
  const second = startProcess(store);
  await second.handOver(0, 3);
  await second.end(0);
  const third = startProcess(store);
  await third.handOver(0, 3);
  await third.end(0);
  expect(third.begun).toEqual([0, 1]);
  expect(mark()?.suspects).toEqual({ 1: { crashes: 1, firstAtMs: expect.any(Number) } });
  const fourth = startProcess(store);
  await fourth.handOver(0, 3);
  await fourth.end(0);
  expect(mark()?.suspects?.['1']?.crashes).toBe(2);
  await fourth.end(1);
  await fourth.end(2);
  expect(mark()).not.toHaveProperty('suspects');
});

test('a suspect that has passed is under no suspicion any more when the next is tried, on whatever partition', async () => {
  const { store, mark } = createStore();
  const startBoth = async () => {
    const memory = createCrashMemory(store);
    const [killer, innocent] = [startConsumer(memory, 0), startConsumer(memory, 1)];
    await innocent.handOver(0, 2);
    await killer.handOver(0, 1);
    return { killer, innocent };
  };
  await startBoth();
  await startBoth();
  const { killer, innocent } = await startBoth();
  expect([innocent.begun, killer.begun]).toEqual([[0], []]);
  await innocent.end(0);
  expect(killer.begun).toEqual([0]);
  expect(mark(1)).not.toHaveProperty('trying');
  expect(mark(1)).not.toHaveProperty('suspects');
  // The process ends at the killer.
  await startBoth();
  expect(mark(0)?.suspects?.['0']?.crashes).toBe(2);
  expect(mark(1)).not.toHaveProperty('suspects');
});

test('a held record keeps nobody waiting, but is counted until it is finished; a held suspect is waited for', async () => {
  const { store, mark } = createStore();
  await startProcess(store).handOver(0, 2);
  const second = startProcess(store);
  await second.handOver(0, 2);
  await second.end(0, true);
  expect(second.begun).toEqual([0, 1]);
  expect(mark()?.trying).toEqual([0, 1]);
  const third = startProcess(store);
  await third.handOver(0, 2);
  await third.end(0, true);
  expect(third.begun).toEqual([0]);
  await third.end(0);
  expect(third.begun).toEqual([0, 1]);
  await third.end(1);
  expect(mark()).not.toHaveProperty('suspects');
});

test('while the store is away the work goes on', async () => {
  const { store, state } = createStore();
  state.isAway = true;
  const process = startProcess(store);
  await process.handOver(0, 10);
  await process.handOver(10, 2_000);
  expect(process.begun).toHaveLength(2_000);
});

test('what goes on after the partition was given away marks nothing, until it is known to be kept', async () => {
  const { store, mark } = createStore();
  await startProcess(store).handOver(0, 3);
  const next = startProcess(store);
  await next.handOver(0, 3);
  await next.release();
  const released = mark();
  expect(released).not.toHaveProperty('trying');
  // The handler of the first one was not waited for, and what comes after it is fetched still.
  await next.end(0);
  await next.handOver(3, 6);
  expect(next.begun).toEqual([0, 1]);
  expect(mark()).toEqual(released);
  await next.keep();
  expect(mark()?.trying).toEqual([1]);

  const first = startConsumer(createCrashMemory(store), 1);
  await first.release();
  await first.handOver(0, 3);
  expect(mark(1)).toBeUndefined();
  await first.keep();
  expect(mark(1)?.until).toBeGreaterThanOrEqual(3);
});
