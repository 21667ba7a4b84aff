import type { Topic } from '@prodsentinel/contracts';
import { AppError, backoffMs, delay, describeError } from '@prodsentinel/kernel';
import type { AssignedPartition } from './assigned-partition.ts';
import type { Backlog } from './backlog.ts';
import { classifyError } from './errors.ts';
import type { AnyRecord, BatchHandler, Outcome } from './port.ts';
import { decodeItem, maxUnexpectedAttempts, settle, settleFailed, type WorkContext } from './work.ts';
import type { WorkItem } from './work-item.ts';
import type { Worker } from './worker.ts';

/** Records that could be decoded, beside the work that each is. */
interface Decoded<T extends Topic> {
  readonly items: WorkItem[];
  readonly records: AnyRecord<T>[];
}

interface Queue {
  readonly owner: AssignedPartition;
  readonly backlogs: Backlog[];
}

/**
 * Hands what has gathered to a batch handler, one call at a time, partitions in turn and each in its order. A batch that
 * fails for good is halved until the record that cannot be processed stands alone.
 */
export class BatchWorker<T extends Topic> implements Worker {
  readonly #context: WorkContext;
  readonly #handler: BatchHandler<T>;
  /** What waits of each partition that has something; the first is served first. */
  #queues: Queue[] = [];
  #isDraining = false;
  #wake: (() => void) | undefined;
  #loop: Promise<void> | undefined;

  constructor(context: WorkContext, handler: BatchHandler<T>) {
    this.#context = context;
    this.#handler = handler;
  }

  add(backlog: Backlog): void {
    if (backlog.size === 0 || this.#isDraining) return;
    const queue = this.#queues.find(({ owner }) => owner === backlog.owner);
    if (queue) queue.backlogs.push(backlog);
    else this.#queues.push({ owner: backlog.owner, backlogs: [backlog] });
    this.#loop ??= this.#run();
    this.#wake?.();
  }

  async drain(): Promise<void> {
    this.#isDraining = true;
    this.#queues = [];
    this.#wake?.();
    await this.#loop;
  }

  async #run(): Promise<void> {
    try {
      while (!this.#isDraining) {
        const items = this.#takeBatch();
        if (items.length > 0) {
          await this.#process(items);
          // Whatever became of them (they may be another member's now): nothing is waited for any more.
          this.#context.onTrouble(undefined);
        } else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } catch (error) {
      const wasAsked = this.#isDraining || this.#context.signal.aborted;
      if (wasAsked && classifyError(error) === 'aborted') return;
      this.#context.fail(
        new AppError('bug', `the batch loop stopped: ${describeError(error)}`, { cause: error }),
      );
    }
  }

  /** Up to `maxRecords`, a fair share from each partition that has something. */
  #takeBatch(): WorkItem[] {
    const batch: WorkItem[] = [];
    const share = Math.max(1, Math.ceil(this.#handler.maxRecords / Math.max(1, this.#queues.length)));
    // Those with more go behind the others, so that the next batch begins with a partition that was not served.
    for (let turns = this.#queues.length; turns > 0; turns--) {
      const room = this.#handler.maxRecords - batch.length;
      const queue = room > 0 ? this.#queues.shift() : undefined;
      if (!queue) break;
      const taken = takeFrom(queue.backlogs, Math.min(share, room));
      queue.owner.atWorkFrom = taken[0]?.offset;
      for (const item of taken) batch.push(item);
      if (queue.backlogs.length > 0) this.#queues.push(queue);
    }
    return batch;
  }

  async #process(items: readonly WorkItem[]): Promise<void> {
    let remaining = items;
    for (let retry = 1; remaining.length > 0; retry++) {
      remaining = remaining.filter(({ owner }) => !owner.isLost);
      if (remaining.length === 0) return;
      try {
        remaining = await this.#attempt(remaining);
        if (remaining.length === 0) return;
      } catch (error) {
        const errorClass = classifyError(error);
        if (errorClass === 'aborted') throw error;
        const isFinal =
          errorClass === 'permanent' || (errorClass === 'unexpected' && retry >= maxUnexpectedAttempts);
        if (isFinal) return this.#narrowDown(remaining, error);
        this.#context.onTrouble(describeError(error));
        this.#context.logger.warn(
          { event: 'batch_retry', retry, records: remaining.length },
          describeError(error),
        );
      }
      for (const item of remaining) {
        noteFailure(item, this.#context.now());
        this.#context.onRetry(item.owner.topic, 1);
      }
      await delay(backoffMs(retry), this.#context.signal);
    }
  }

  /** Answers with the records that asked to be tried again. */
  async #attempt(items: readonly WorkItem[]): Promise<WorkItem[]> {
    const decoded = await this.#decode(items);
    const { length } = decoded.records;
    const outcomes = length > 0 ? await this.#handler.handle(decoded.records, this.#context.signal) : [];
    if (outcomes.length !== length)
      throw new AppError('bug', `the handler answered ${outcomes.length} outcomes for ${length} records`);
    return this.#settleAll(decoded.items, outcomes);
  }

  async #decode(items: readonly WorkItem[]): Promise<Decoded<T>> {
    const decoded: Decoded<T> = { items: [], records: [] };
    for (const item of items) {
      // Set aside by an earlier attempt at this batch.
      if (!item.owner.tracker.isOpen(item.offset)) continue;
      try {
        const record = decodeItem<T>(this.#context, item);
        decoded.records.push(record instanceof Promise ? await record : record);
        decoded.items.push(item);
      } catch (error) {
        if (classifyError(error) !== 'permanent') throw error;
        await settleFailed(this.#context, item, error);
      }
    }
    return decoded;
  }

  async #settleAll(items: readonly WorkItem[], outcomes: readonly Outcome[]): Promise<WorkItem[]> {
    const again: WorkItem[] = [];
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      const outcome = outcomes[i];
      if (!item || !outcome || item.owner.isLost) continue;
      if (outcome.kind === 'retry') again.push(item);
      else {
        // A promise for each record of a batch would cost more than settling it.
        const settled = settle(this.#context, item, outcome);
        if (settled) await settled;
      }
    }
    return again;
  }

  async #narrowDown(items: readonly WorkItem[], error: unknown): Promise<void> {
    const [only] = items;
    if (items.length === 1 && only) return settleFailed(this.#context, only, error);
    const middle = Math.ceil(items.length / 2);
    await this.#process(items.slice(0, middle));
    return this.#process(items.slice(middle));
  }
}

/** At most so many records from the front of a queue, which is left without what is used up. */
function takeFrom(queue: Backlog[], max: number): WorkItem[] {
  const taken: WorkItem[] = [];
  for (let backlog = queue[0]; backlog && taken.length < max; backlog = queue[0]) {
    for (const item of backlog.take(max - taken.length)) taken.push(item);
    if (backlog.size === 0) queue.shift();
  }
  return taken;
}

function noteFailure(item: WorkItem, nowMs: number): void {
  item.attempt += 1;
  item.firstFailedAtMs ??= nowMs;
}
