import type { IntakeSignal } from '../observe/intake-signal.ts';

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

  constructor(first: IntakeSignal, epoch: number, clockMs: number) {
    this.environment = first.environment;
    this.traceId = first.traceId;
    this.partition = first.partition;
    this.epoch = epoch;
    this.openedAtMs = clockMs;
    this.touchedAtMs = clockMs;
  }

  add(signal: IntakeSignal, clockMs: number): void {
    this.failures.push({ offset: signal.offset, appendedAtMs: signal.appendedAtMs });
    this.firstAppendedAtMs = Math.min(this.firstAppendedAtMs, signal.appendedAtMs);
    this.lastAppendedAtMs = Math.max(this.lastAppendedAtMs, signal.appendedAtMs);
    this.touchedAtMs = clockMs;
    if (this.signals.length >= maxKeptSignals) return;
    this.signals.push(signal);
    this.keptChars += signal.message.length + (signal.stack?.length ?? 0) + signal.template.length;
  }
}
