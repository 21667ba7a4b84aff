import type { Topic } from '@prodsentinel/contracts';
import { AppError, backoffMs, delay, describeError } from '@prodsentinel/kernel';
import type { Backlog } from './backlog.ts';
import { classifyError } from './errors.ts';
import type { RecordHandler } from './port.ts';
import { decodeItem, maxUnexpectedAttempts, settle, settleFailed, type WorkContext } from './work.ts';
import type { WorkItem } from './work-item.ts';
import type { Worker } from './worker.ts';

/**
 * Handles records one by one: those of one key in order, different keys beside each other, at most `concurrency` at a
 * time. A record that waits for its next try holds back its key and nothing else.
 */
export class RecordWorker<T extends Topic> implements Worker {
  readonly #context: WorkContext;
  readonly #handler: RecordHandler<T>;
  readonly #ready: WorkItem[] = [];
  /** Records behind one of the same key that is at work. */
  readonly #waiting = new Map<string, WorkItem[]>();
  readonly #atWork = new Set<Promise<void>>();
  #running = 0;
  #isDraining = false;

  constructor(context: WorkContext, handler: RecordHandler<T>) {
    this.#context = context;
    this.#handler = handler;
  }

  add(backlog: Backlog): void {
    for (const item of backlog.take(Infinity)) {
      const key = keyOf(item);
      const behind = this.#waiting.get(key);
      if (behind) behind.push(item);
      else {
        this.#waiting.set(key, []);
        this.#ready.push(item);
      }
    }
    this.#startReady();
  }

  async drain(): Promise<void> {
    this.#isDraining = true;
    this.#ready.length = 0;
    while (this.#atWork.size > 0) await Promise.all(this.#atWork);
  }

  #startReady(): void {
    while (!this.#isDraining && this.#running < this.#handler.concurrency) {
      const item = this.#ready.shift();
      if (!item) return;
      const work = this.#work(item);
      this.#atWork.add(work);
      void work.finally(() => this.#atWork.delete(work));
    }
  }

  async #work(item: WorkItem): Promise<void> {
    this.#running += 1;
    let retryReason: string | undefined;
    try {
      if (!item.owner.isLost) retryReason = await this.#attempt(item);
    } catch (error) {
      if (!this.#mayEnd(item, error)) {
        this.#context.fail(
          new AppError('bug', `a record could not be settled: ${describeError(error)}`, { cause: error }),
        );
      }
      if (!item.owner.isLost) return;
    } finally {
      this.#running -= 1;
      this.#startReady();
    }
    if (retryReason === undefined) this.#next(item);
    else await this.#tryLater(item, retryReason);
    this.#startReady();
  }

  /** Giving up is right when we were asked to stop, or when the record is no longer ours; else it is a fault. */
  #mayEnd(item: WorkItem, error: unknown): boolean {
    const wasAsked = this.#isDraining || this.#context.signal.aborted || item.owner.isLost;
    return wasAsked && classifyError(error) === 'aborted';
  }

  /** Answers with the reason when the record must be tried again. */
  async #attempt(item: WorkItem): Promise<string | undefined> {
    try {
      const record = await decodeItem<T>(this.#context, item);
      const signal = AbortSignal.any([this.#context.signal, item.owner.lostSignal]);
      const outcome = await this.#handler.handle(record, signal);
      if (item.owner.isLost) return undefined;
      if (outcome.kind === 'retry') return outcome.reason;
      await settle(this.#context, item, outcome);
    } catch (error) {
      const errorClass = classifyError(error);
      if (errorClass === 'aborted') throw error;
      const mayTryAgain =
        errorClass === 'transient' || (errorClass === 'unexpected' && item.attempt < maxUnexpectedAttempts);
      if (mayTryAgain) return describeError(error);
      await settleFailed(this.#context, item, error);
    }
    this.#context.onTrouble(undefined);
    return undefined;
  }

  async #tryLater(item: WorkItem, reason: string): Promise<void> {
    const { topic, partition } = item.owner;
    this.#context.onTrouble(reason);
    this.#context.onRetry(topic, 1);
    this.#context.logger.warn(
      { event: 'record_retry', topic, partition, offset: item.offset, attempt: item.attempt },
      reason,
    );
    item.firstFailedAtMs ??= this.#context.now();
    item.attempt += 1;
    try {
      await delay(
        backoffMs(item.attempt - 1),
        AbortSignal.any([this.#context.signal, item.owner.lostSignal]),
      );
    } catch (error) {
      // Lost or shutting down: the next owner of the partition begins it again.
      if (classifyError(error) !== 'aborted') throw error;
      if (item.owner.isLost) this.#next(item);
      return;
    }
    this.#ready.unshift(item);
  }

  #next(item: WorkItem): void {
    const key = keyOf(item);
    const next = this.#waiting.get(key)?.shift();
    if (next) this.#ready.push(next);
    else this.#waiting.delete(key);
  }
}

/** Records without a key are bound to nothing: each is its own. */
function keyOf({ owner, offset, key }: WorkItem): string {
  return `${owner.epoch}/${key === null ? `#${offset}` : key.toString('latin1')}`;
}
