import type { Topic } from '@prodsentinel/contracts';
import { AppError, backoffMs, delay, describeError } from '@prodsentinel/kernel';
import type { AssignedPartition } from './assigned-partition.ts';
import { classifyError } from './errors.ts';
import type { AnyRecord, BatchHandler, Outcome } from './port.ts';
import {
  decodeItem,
  maxUnexpectedAttempts,
  settle,
  settleFailed,
  type WorkContext,
  type WorkItem,
} from './work.ts';
import type { Worker } from './worker.ts';

interface Decoded<T extends Topic> {
  readonly item: WorkItem;
  readonly record: AnyRecord<T>;
}

/**
 * Hands what has gathered to a batch handler, one call at a time, partitions in turn and each in its order. A batch that
 * fails for good is halved until the record that cannot be processed stands alone.
 */
export class BatchWorker<T extends Topic> implements Worker {
  readonly #context: WorkContext;
  readonly #handler: BatchHandler<T>;
  readonly #queues = new Map<AssignedPartition, WorkItem[]>();
  #isDraining = false;
  #wake: (() => void) | undefined;
  #loop: Promise<void> | undefined;

  constructor(context: WorkContext, handler: BatchHandler<T>) {
    this.#context = context;
    this.#handler = handler;
  }

  add(items: WorkItem[]): void {
    const first = items[0];
    if (!first || this.#isDraining) return;
    const queue = this.#queues.get(first.owner);
    if (queue) queue.push(...items);
    else this.#queues.set(first.owner, items);
    this.#loop ??= this.#run();
    this.#wake?.();
  }

  async drain(): Promise<void> {
    this.#isDraining = true;
    this.#queues.clear();
    this.#wake?.();
    await this.#loop;
  }

  async #run(): Promise<void> {
    try {
      while (!this.#isDraining) {
        const items = this.#takeBatch();
        if (items.length > 0) await this.#process(items);
        else await new Promise<void>((resolve) => (this.#wake = resolve));
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
    const share = Math.max(1, Math.ceil(this.#handler.maxRecords / Math.max(1, this.#queues.size)));
    for (const [owner, queue] of this.#queues) {
      const room = this.#handler.maxRecords - batch.length;
      if (room <= 0) break;
      owner.atWorkFrom = queue[0]?.raw.offset;
      batch.push(...queue.splice(0, Math.min(share, room)));
      this.#queues.delete(owner);
      // Behind the others, so that the next batch begins with a partition that was not served.
      if (queue.length > 0) this.#queues.set(owner, queue);
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
        if (remaining.length === 0) return this.#context.onTrouble(undefined);
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
        this.#context.onRetry(item.raw.topic, 1);
      }
      await delay(backoffMs(retry), this.#context.signal);
    }
  }

  /** Answers with the records that asked to be tried again. */
  async #attempt(items: readonly WorkItem[]): Promise<WorkItem[]> {
    const decoded = await this.#decode(items);
    const records = decoded.map(({ record }) => record);
    const outcomes = records.length > 0 ? await this.#handle(decoded) : [];
    if (outcomes.length !== decoded.length) {
      throw new AppError(
        'bug',
        `the handler answered ${outcomes.length} outcomes for ${decoded.length} records`,
      );
    }
    return this.#settleAll(decoded, outcomes);
  }

  #handle(decoded: readonly Decoded<T>[]): Promise<readonly Outcome[]> {
    return this.#handler.handle(
      decoded.map(({ record }) => record),
      this.#context.signal,
    );
  }

  async #decode(items: readonly WorkItem[]): Promise<Decoded<T>[]> {
    const decoded: Decoded<T>[] = [];
    for (const item of items) {
      // Set aside by an earlier attempt at this batch.
      if (!item.owner.tracker.isOpen(item.raw.offset)) continue;
      try {
        const record = decodeItem<T>(this.#context, item);
        decoded.push({ item, record: record instanceof Promise ? await record : record });
      } catch (error) {
        if (classifyError(error) !== 'permanent') throw error;
        await settleFailed(this.#context, item, error);
      }
    }
    return decoded;
  }

  async #settleAll(decoded: readonly Decoded<T>[], outcomes: readonly Outcome[]): Promise<WorkItem[]> {
    const again: WorkItem[] = [];
    for (const [index, { item }] of decoded.entries()) {
      const outcome = outcomes[index];
      if (!outcome || item.owner.isLost) continue;
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

function noteFailure(item: WorkItem, nowMs: number): void {
  item.attempt += 1;
  item.firstFailedAtMs ??= nowMs;
}
