import { OffsetTracker } from './offset-tracker.ts';
import { UnexpectedErrors } from './unexpected-errors.ts';

/**
 * One partition for as long as one assignment of it lasts. It survives a rejoin that keeps the partition, so that the
 * records Kafka sends again from the last commit are recognised; it ends when the partition is lost.
 */
export class AssignedPartition {
  readonly tracker = new OffsetTracker();
  readonly #lost = new AbortController();
  /** Asked several times a record, which a signal answers slowly. */
  #isLost = false;
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number;
  /** What was last committed, to commit only what moved. */
  committed: number | undefined;
  isPaused = false;
  /** The end of the partition as of the last fetch; undefined until the first. */
  highWatermark: number | undefined;
  /** Given out and neither finished nor held. */
  activeRecords = 0;
  activeBytes = 0;
  /** Where a worker takes batches: the handlers of everything below this offset have ended. */
  atWorkFrom: number | undefined;
  readonly unexpectedErrors = new UnexpectedErrors();
  /** Resolves when it is known whether the partition was halted before. */
  checked: Promise<void> | undefined;
  /** Why nothing is given out until a human resumes it; undefined while it runs. */
  haltReason: string | undefined;
  /** Whether the halt stands where resuming would remove it. */
  isHaltRemembered = false;
  /** The first offset that was fetched and not begun. */
  resumeAt: number | undefined;

  constructor(topic: string, partition: number, epoch: number) {
    this.topic = topic;
    this.partition = partition;
    this.epoch = epoch;
  }

  get lostSignal(): AbortSignal {
    return this.#lost.signal;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  lose(): void {
    this.#isLost = true;
    this.#lost.abort();
  }

  /** So many records, which take so many bytes in the log, were given out. */
  begin(records: number, bytes: number): void {
    this.activeRecords += records;
    this.activeBytes += bytes;
  }

  /** The record is held: its offset stays open, its bytes are no longer ours. */
  hold({ bytes }: { readonly bytes: number }): void {
    this.activeRecords -= 1;
    this.activeBytes -= bytes;
  }

  finish(item: { readonly offset: number; readonly bytes: number }): void {
    if (this.tracker.finish(item.offset)) this.hold(item);
  }

  finishHeld(offset: number): void {
    this.tracker.finish(offset);
  }
}
