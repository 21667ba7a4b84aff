import type { IntakeSignal } from '../observe/intake-signal.ts';
import { commonOf, isCommonTo, KeptSignal, type Common } from './kept-signal.ts';
import type { TextPages } from './text-pages.ts';

/** The failure signals of one trace on one partition, until it falls quiet. */
export interface ClosedWindow {
  readonly environment: string;
  /** Empty when the failures carried no trace id: then they are of one fingerprint. */
  readonly traceId: string;
  readonly partition: number;
  readonly epoch: number;
  readonly firstAppendedAtMs: number;
  readonly lastAppendedAtMs: number;
  /** What is shown and decided by: the first of the window, bounded. */
  readonly signals: readonly IntakeSignal[];
  /** Every failure of the window, kept or not: what is counted. */
  readonly failures: readonly Failure[];
}

export interface Failure {
  readonly offset: number;
  readonly appendedAtMs: number;
  /** The offset to finish, when it is another than the one to count: that of a redriven dead letter. */
  readonly readAt?: number;
}

/** Beyond it the offsets are kept, and counted, without what the signals said. */
export const maxKeptSignals = 100;

export class Window implements ClosedWindow {
  readonly environment: string;
  readonly traceId: string;
  readonly partition: number;
  readonly epoch: number;
  readonly openedAtMs: number;
  readonly signals: IntakeSignal[] = [];
  readonly failures: Failure[] = [];
  firstAppendedAtMs = Number.POSITIVE_INFINITY;
  lastAppendedAtMs = 0;
  /** By the partition's clock. */
  touchedAtMs: number;
  keptChars = 0;
  readonly #pages: TextPages;
  /** Those of the last few kinds of signals. */
  readonly #commons: Common[] = [];

  /** @param from `epoch`: of the assignment; `clockMs`: by the partition's clock; `pages`: where texts are kept */
  constructor(first: IntakeSignal, from: { epoch: number; clockMs: number; pages: TextPages }) {
    const { epoch, clockMs, pages } = from;
    this.environment = first.environment;
    this.traceId = first.traceId;
    this.partition = first.partition;
    this.epoch = epoch;
    this.openedAtMs = clockMs;
    this.touchedAtMs = clockMs;
    this.#pages = pages;
  }

  add(signal: IntakeSignal, clockMs: number): void {
    this.firstAppendedAtMs = Math.min(this.firstAppendedAtMs, signal.appendedAtMs);
    this.lastAppendedAtMs = Math.max(this.lastAppendedAtMs, signal.appendedAtMs);
    this.touchedAtMs = clockMs;
    if (this.signals.length >= maxKeptSignals) {
      this.failures.push(toFailure(signal));
      return;
    }
    const kept = new KeptSignal(signal, this.#commonFor(signal), this.#pages);
    this.signals.push(kept);
    // What is kept does not know the offset that brought it again.
    this.failures.push(signal.readAt === undefined ? kept : toFailure(signal));
    this.keptChars += signal.message.length + (signal.stack?.length ?? 0) + signal.template.length;
  }

  #commonFor(signal: IntakeSignal): Common {
    for (const common of this.#commons) if (isCommonTo(common, signal)) return common;
    const common = commonOf(signal);
    if (this.#commons.length >= maxCommons) this.#commons.shift();
    this.#commons.push(common);
    return common;
  }
}

/** Kinds of signals that a further one is compared with. */
const maxCommons = 8;

function toFailure({ offset, appendedAtMs, readAt }: IntakeSignal): Failure {
  return readAt === undefined ? { offset, appendedAtMs } : { offset, appendedAtMs, readAt };
}
