import { AppError, describeError } from '@prodsentinel/kernel';
import type { AssignedPartition } from './assigned-partition.ts';
import { TakenBacklog, type Backlog } from './backlog.ts';
import type { CrashMarks } from './crash-marks.ts';
import type { CrashMemory } from './crash-memory.ts';
import type { Suspicion } from './crash-store.ts';
import { classifyError } from './errors.ts';
import { setAside, type WorkContext } from './work.ts';
import type { WorkItem } from './work-item.ts';
import type { Worker } from './worker.ts';

export interface CarefulWorkerOptions {
  readonly memory: CrashMemory;
  readonly marks: CrashMarks;
  readonly context: WorkContext;
}

interface Trial {
  readonly offset: number;
  /** Under suspicion: what its handler holds is waited for, too. */
  readonly isSuspect: boolean;
  readonly end: (how: 'passed' | 'held' | 'given up') => void;
}

/**
 * Hands records on, but those that may have been at work when a process ended one at a time of each partition: the one
 * that ends processes is found by being alone with the next crash, and set aside after a few. What is behind them waits.
 */
export class CarefulWorker implements Worker {
  readonly #inner: Worker;
  readonly #options: CarefulWorkerOptions;
  /** What waits behind a record that is tried alone. */
  readonly #queues = new Map<AssignedPartition, WorkItem[]>();
  readonly #trials = new Map<AssignedPartition, Trial>();
  #isDraining = false;

  constructor(inner: Worker, options: CarefulWorkerOptions) {
    this.#inner = inner;
    this.#options = options;
  }

  add(backlog: Backlog): void {
    if (backlog.size === 0 || this.#isDraining) return;
    const { owner } = backlog;
    const queue = this.#queues.get(owner);
    if (queue) for (const item of backlog.take(Infinity)) queue.push(item);
    else if (this.#options.marks.careOf(owner)) void this.#tryEach(owner, backlog.take(Infinity));
    else this.#inner.add(backlog);
  }

  async drain(): Promise<void> {
    this.#isDraining = true;
    for (const queue of this.#queues.values()) queue.length = 0;
    await this.#inner.drain();
  }

  /** Told of every record that is finished, or that its handler holds and may still go on with. */
  settled(owner: AssignedPartition, offset: number, isHeld: boolean): void {
    const trial = this.#trials.get(owner);
    if (trial?.offset === offset) {
      if (!isHeld) trial.end('passed');
      else if (!trial.isSuspect) trial.end('held');
    } else if (!isHeld && this.#options.marks.isTrying(owner, offset)) {
      this.#options.marks.passed(owner, offset);
      void this.#options.marks.tell(owner);
    }
  }

  async #tryEach(owner: AssignedPartition, queue: WorkItem[]): Promise<void> {
    const { marks, context } = this.#options;
    this.#queues.set(owner, queue);
    try {
      while (!owner.isLost && this.#handOnPassed(owner, queue) > 0) {
        const item = queue[0];
        const care = marks.careOf(owner);
        if (!item || !care) break;
        if (item.offset >= care.until) {
          await this.#endCare(owner, queue);
          break;
        }
        queue.shift();
        await this.#tryAlone(item);
        if (queue.length === 0 && !this.#isDraining) await marks.tell(owner);
      }
    } catch (error) {
      // Stopping while a dead letter could not be written: the next owner begins it again.
      if (classifyError(error) === 'aborted') return;
      context.fail(
        new AppError('bug', `a record could not be tried alone: ${describeError(error)}`, { cause: error }),
      );
    } finally {
      this.#queues.delete(owner);
    }
    if (queue.length > 0 && !owner.isLost && !this.#isDraining)
      this.#inner.add(new TakenBacklog(owner, queue));
  }

  /** What had passed before the process ended is under no suspicion. Answers how many records are left. */
  #handOnPassed(owner: AssignedPartition, queue: WorkItem[]): number {
    const { from = 0 } = this.#options.marks.careOf(owner) ?? {};
    const firstSuspicious = queue.findIndex(({ offset }) => offset >= from);
    const passed = queue.splice(0, firstSuspicious === -1 ? queue.length : firstSuspicious);
    if (passed.length > 0) this.#inner.add(new TakenBacklog(owner, passed));
    return queue.length;
  }

  /** In the end everything that was queued meanwhile is marked, too. */
  async #endCare(owner: AssignedPartition, queue: readonly WorkItem[]): Promise<void> {
    const { marks } = this.#options;
    await marks.endsCare(owner);
    const last = queue.at(-1);
    if (last) await marks.before(owner, last.offset + 1, owner.highWatermark ?? 0);
  }

  async #tryAlone(item: WorkItem): Promise<void> {
    const { memory, marks, context } = this.#options;
    const { owner, offset } = item;
    const suspicion = marks.suspicionOf(owner, offset);
    if (suspicion && suspicion.crashes >= memory.maxCrashes) return this.#convict(item, suspicion);
    const endTurn = await memory.turns.take(suspicion !== undefined);
    // One that hangs ends nothing: it keeps others no longer from being tried.
    const timer = setTimeout(endTurn, context.limits.handlerHangsMs).unref();
    try {
      await marks.tries(owner, offset);
      const how = await this.#handOn(item, suspicion !== undefined);
      if (how === 'passed') {
        marks.passed(owner, offset);
        // Before another suspect has its turn: should that end the process, this one must not be counted with it.
        if (suspicion) await marks.tell(owner);
      }
    } finally {
      clearTimeout(timer);
      endTurn();
    }
  }

  async #convict(item: WorkItem, { crashes, firstAtMs }: Suspicion): Promise<void> {
    const { marks, context } = this.#options;
    const { owner, offset } = item;
    Object.assign(item, { attempt: crashes, firstFailedAtMs: firstAtMs });
    await setAside(
      context,
      item,
      'ends_process',
      `the process ended ${crashes} times while this record was tried alone`,
    );
    marks.passed(owner, offset);
    context.onSettled(item, false);
  }

  /** `given up` when it is not ours any more, or nothing is begun any more. */
  async #handOn(item: WorkItem, isSuspect: boolean): Promise<Parameters<Trial['end']>[0]> {
    const { owner, offset } = item;
    if (owner.isLost || this.#isDraining) return 'given up';
    const { promise, resolve: end } = Promise.withResolvers<Parameters<Trial['end']>[0]>();
    this.#trials.set(owner, { offset, isSuspect, end });
    const giveUp = () => end('given up');
    owner.lostSignal.addEventListener('abort', giveUp, { once: true });
    this.#inner.add(new TakenBacklog(owner, [item]));
    const how = await promise;
    owner.lostSignal.removeEventListener('abort', giveUp);
    this.#trials.delete(owner);
    return how;
  }
}
