import { BoundedQueue, type QueuedRecord } from './bounded-queue.ts';
import { HttpSender, type Outcome } from './http-sender.ts';
import { resolveOptions, type ReporterOptions, type ResolvedOptions } from './options.ts';
import { fromLogEntry } from './from-log-entry.ts';
import { toRecord, type ReportContext } from './to-record.ts';

/** What has become of the records so far. */
export interface ReporterStats {
  /** Acknowledged by Kafka. */
  readonly accepted: number;
  /** Taken by ingest and not severe enough to be passed on. */
  readonly filtered: number;
  /** Not taken by ingest, and not going to be. */
  readonly refused: number;
  /** Given up here, by reason. */
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** Requests that failed and were, or will be, repeated. */
  readonly failedRequests: number;
  /** Times that `onProblem` threw. */
  readonly handlerErrors: number;
  readonly queuedRecords: number;
  readonly queuedBytes: number;
}

/** Characters of one text of a record. The next is tried when a record is larger than `maxRecordBytes`. */
const textLengths = [32_768, 4_096, 256] as const;

type DropReason = 'queueFull' | 'tooLarge' | 'unserializable' | 'expired' | 'closed';

/**
 * Sends failures to ingest in the background. No method throws or blocks, and nothing here keeps the process alive but
 * a `flush` that is under way.
 */
export class Reporter {
  readonly options: ResolvedOptions;
  readonly #queue: BoundedQueue;
  readonly #sender: HttpSender;
  readonly #counts = { accepted: 0, filtered: 0, refused: 0, failedRequests: 0 };
  readonly #dropped = { queueFull: 0, tooLarge: 0, unserializable: 0, expired: 0, closed: 0 };
  #batch: QueuedRecord[] = [];
  /** Of batches that were rejected whole. */
  #halves: QueuedRecord[][] = [];
  #handlerErrors = 0;
  #firstAttemptAtMs = 0;
  #failuresInARow = 0;
  #isSending = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;
  /** Resolves when nothing is queued any more. */
  #emptied: Promise<void> | undefined;
  #resolveEmptied: (() => void) | undefined;

  constructor(options: ReporterOptions) {
    this.options = resolveOptions(options);
    this.#queue = new BoundedQueue(this.options);
    this.#sender = new HttpSender(this.options);
  }

  /** Reports an error, or whatever else was thrown. */
  report(error: unknown, context: ReportContext = {}): void {
    this.#enqueue((maxTextLength) => toRecord(error, context, { source: this.options, maxTextLength }));
  }

  /** The same of what ends the process: in a full queue the oldest make room for it, whatever `whenFull` says. */
  reportCrash(error: unknown, context: ReportContext = {}): void {
    this.#enqueue(
      (maxTextLength) => toRecord(error, context, { source: this.options, maxTextLength }),
      'drop-oldest',
    );
  }

  /** Reports an entry of a logger as it is (pino's, or any that ingest understands). */
  reportLogEntry(entry: Record<string, unknown>): void {
    this.#enqueue((maxTextLength) => fromLogEntry(entry, { source: this.options, maxTextLength }));
  }

  /** Takes over records that another reporter has made. */
  adopt(records: readonly string[]): void {
    for (const json of records) this.#add(json);
  }

  /** Everything that is not known to be settled, as JSON. */
  unsettled(): string[] {
    return [...this.#batch, ...this.#halves.flat(), ...this.#queue.peek()].map(({ json }) => json);
  }

  stats(): ReporterStats {
    const { records, bytes } = this.#queue;
    const dropped = { ...this.#dropped };
    const handlerErrors = this.#handlerErrors;
    return { ...this.#counts, handlerErrors, dropped, queuedRecords: records, queuedBytes: bytes };
  }

  /**
   * Waits until everything is settled, at most `deadlineMs`. Keeps the process alive meanwhile.
   *
   * @returns whether everything is settled; what is not stays queued
   */
  async flush(deadlineMs = 5_000): Promise<boolean> {
    if (this.#queue.records === 0) return true;
    // One for all who wait, however often they ask.
    this.#emptied ??= new Promise((resolve) => (this.#resolveEmptied = resolve));
    let deadline: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      deadline = setTimeout(resolve, deadlineMs);
    });
    // A linger is not waited for; a back-off is: ingest may have asked for it.
    if (this.#failuresInARow === 0) this.#schedule(0);
    await Promise.race([this.#emptied, late]);
    clearTimeout(deadline);
    return this.#queue.records === 0;
  }

  /** Flushes and takes nothing more; what could not be sent in time is counted as `dropped.closed`. */
  async close(deadlineMs = 5_000): Promise<boolean> {
    this.#isClosed = true;
    const isFlushed = await this.flush(deadlineMs);
    clearTimeout(this.#timer);
    const left = [...this.#batch, ...this.#halves.flat(), ...this.#queue.take(Infinity, Infinity)];
    this.#dropped.closed += left.length;
    this.#halves = [];
    this.#finish(left);
    this.#sender.close();
    return isFlushed;
  }

  #enqueue(make: (maxTextLength: number) => Record<string, unknown>, whenFull = this.options.whenFull): void {
    try {
      const [longest, ...shorter] = textLengths;
      let json = JSON.stringify(make(longest));
      for (const length of shorter) {
        if (Buffer.byteLength(json) > this.options.maxRecordBytes) json = JSON.stringify(make(length));
      }
      this.#add(json, whenFull);
    } catch (error) {
      // A getter or a toJSON of the host's object threw: the host must not notice.
      this.#dropped.unserializable++;
      this.tell(() => `a record could not be written as JSON: ${String(error)}`);
    }
  }

  #add(json: string, whenFull = this.options.whenFull): void {
    const record = { json, bytes: Buffer.byteLength(json) };
    if (this.#isClosed) this.#dropped.closed++;
    else if (record.bytes > this.options.maxRecordBytes) this.#dropped.tooLarge++;
    else {
      this.#dropped.queueFull += this.#queue.add(record, whenFull);
      if (!this.#timer && !this.#isSending) this.#schedule(this.options.lingerMs);
    }
  }

  #schedule(delayMs: number): void {
    if (this.#isSending) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#sendNext();
    }, delayMs).unref();
  }

  /** Sends one batch and plans the next attempt. Cannot reject: the sender's failures are outcomes. */
  async #sendNext(): Promise<void> {
    const { maxBatchRecords, maxBatchBytes } = this.options;
    if (this.#batch.length === 0) {
      this.#batch = this.#halves.shift() ?? this.#queue.take(maxBatchRecords, maxBatchBytes);
      this.#firstAttemptAtMs = performance.now();
    }
    if (this.#batch.length === 0) return;
    this.#isSending = true;
    const outcome = await this.#sender.post(`[${this.#batch.map(({ json }) => json).join(',')}]`);
    this.#isSending = false;
    // Closed meanwhile: everything has been counted.
    if (this.#batch.length === 0) return;
    const waitMs = this.#settle(outcome);
    if (this.#queue.records > 0) this.#schedule(waitMs);
    else this.#tellEmptied();
  }

  #tellEmptied(): void {
    this.#resolveEmptied?.();
    this.#emptied = undefined;
  }

  /** @returns milliseconds until the next attempt */
  #settle(outcome: Outcome): number {
    if (outcome.kind === 'failed') return this.#backOff(outcome.retryAfterMs, outcome.reason);
    this.#failuresInARow = 0;
    if (outcome.kind === 'settled') {
      this.#counts.accepted += outcome.accepted;
      this.#counts.filtered += outcome.filtered;
      this.#counts.refused += outcome.refused;
      if (outcome.refused > 0) this.tell(() => `ingest refused ${outcome.refused} records`);
      this.#finish(this.#batch);
    } else if (this.#batch.length > 1) {
      // One record spoils the batch: it is found by halving.
      this.tell(() => `a batch was rejected and is sent in halves: ${outcome.reason}`);
      this.#splitBatch();
    } else {
      this.#counts.refused++;
      this.tell(() => `a record was rejected: ${outcome.reason}`);
      this.#finish(this.#batch);
    }
    return 0;
  }

  #finish(records: readonly QueuedRecord[]): void {
    this.#queue.release(records);
    this.#batch = [];
  }

  #splitBatch(): void {
    const middle = Math.ceil(this.#batch.length / 2);
    this.#halves.unshift(this.#batch.slice(middle));
    this.#batch = this.#batch.slice(0, middle);
  }

  #backOff(retryAfterMs: number, reason: string): number {
    this.#counts.failedRequests++;
    this.#failuresInARow++;
    this.tell(() => reason);
    const { minBackoffMs, maxBackoffMs, maxRetryMs } = this.options;
    if (performance.now() - this.#firstAttemptAtMs > maxRetryMs) {
      this.#dropped.expired += this.#batch.length;
      this.#finish(this.#batch);
    }
    const doubled = Math.min(maxBackoffMs, minBackoffMs * 2 ** Math.min(this.#failuresInARow - 1, 20));
    // Half of it at random, so that a thousand applications do not come back at the same moment.
    return Math.min(maxBackoffMs, Math.max(retryAfterMs, doubled * (0.5 + Math.random() / 2)));
  }

  /** Tells the host's `onProblem`, whatever that does. */
  tell(problem: () => string): void {
    // The host's own handler may throw, or reject where it is async. The host must not fail for its failure reports;
    // stats() counts what happened.
    try {
      const answer: unknown = this.options.onProblem?.(problem());
      if (answer instanceof Promise) answer.catch(() => this.#handlerErrors++);
    } catch {
      this.#handlerErrors++;
    }
  }
}
