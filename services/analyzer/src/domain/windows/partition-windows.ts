import type { IntakeSignal } from '../observe/intake-signal.ts';
import { PartitionClock } from './partition-clock.ts';
import { TextPages } from './text-pages.ts';
import { Window, type ClosedWindow } from './window.ts';

export interface WindowSettings {
  /** Milliseconds without a failure of the trace after which its window closes. */
  readonly quietMs: number;
  /** Milliseconds after which a window closes whatever comes. */
  readonly maxAgeMs: number;
  /** Failures of one window. */
  readonly maxOffsets: number;
  /** Open failures of one partition, at which its oldest windows are closed early. */
  readonly maxOpenFailures: number;
  /** Characters kept of the signals of one partition, at which its oldest windows are closed early. */
  readonly maxKeptChars: number;
}

/** What may be open at once. */
export interface OpenBounds {
  readonly maxOpenFailures: number;
  /** Characters of the signals that are kept. */
  readonly maxKeptChars: number;
}

/**
 * The open windows of one assigned partition. A failure opens the window of its trace, or of its fingerprint (in both
 * versions) when it has no trace. What must go early makes room down to half of the bound, oldest first: what comes later
 * opens a further window, which is cheap.
 */
export class PartitionWindows {
  readonly epoch: number;
  readonly clock: PartitionClock;
  readonly #settings: WindowSettings;
  readonly #pages = new TextPages();
  /** Of the first failure: usually of all. */
  #mainEnvironment: string | undefined;
  /** In the order of opening. */
  readonly #windows = new Map<string, Window>();
  #openFailures = 0;
  #keptChars = 0;
  #closedEarly: ClosedWindow[] = [];

  constructor(epoch: number, settings: WindowSettings, monotonicMs: number) {
    this.epoch = epoch;
    this.#settings = settings;
    this.clock = new PartitionClock(monotonicMs);
  }

  get openFailures(): number {
    return this.#openFailures;
  }

  get keptChars(): number {
    return this.#keptChars;
  }

  add(signal: IntakeSignal): void {
    this.#mainEnvironment ??= signal.environment;
    const key = keyOf(signal, this.#mainEnvironment);
    const clockMs = this.clock.nowMs;
    let window = this.#windows.get(key);
    if (window && this.#isDue(window, clockMs)) {
      this.#closedEarly.push(this.#close(key, window));
      window = undefined;
    }
    if (!window)
      this.#windows.set(
        key,
        (window = new Window(signal, { epoch: this.epoch, clockMs, pages: this.#pages })),
      );
    const keptBefore = window.keptChars;
    window.add(signal, clockMs);
    this.#openFailures += 1;
    this.#keptChars += window.keptChars - keptBefore;
    this.#makeRoom();
  }

  /** The windows that are due by the partition's clock, and those that had to go early. */
  takeDue(): ClosedWindow[] {
    const due = this.#closedEarly;
    this.#closedEarly = [];
    const clockMs = this.clock.nowMs;
    for (const [key, window] of this.#windows) {
      if (this.#isDue(window, clockMs)) due.push(this.#close(key, window));
    }
    return due;
  }

  /** Everything, due or not: when the process stops. */
  takeAll(): ClosedWindow[] {
    const all = [...this.#closedEarly, ...this.#windows.values()];
    this.#closedEarly = [];
    this.#windows.clear();
    this.#openFailures = 0;
    this.#keptChars = 0;
    return all;
  }

  /** Closes the oldest windows until no more than this is open. */
  closeOldest({ maxOpenFailures, maxKeptChars }: OpenBounds): void {
    for (const [key, window] of this.#windows) {
      if (this.#openFailures <= maxOpenFailures && this.#keptChars <= maxKeptChars) return;
      this.#closedEarly.push(this.#close(key, window));
    }
  }

  #isDue(window: Window, clockMs: number): boolean {
    const { quietMs, maxAgeMs, maxOffsets } = this.#settings;
    return (
      clockMs - window.touchedAtMs >= quietMs ||
      clockMs - window.openedAtMs >= maxAgeMs ||
      window.failures.length >= maxOffsets
    );
  }

  #makeRoom(): void {
    const { maxOpenFailures, maxKeptChars } = this.#settings;
    if (this.#openFailures <= maxOpenFailures && this.#keptChars <= maxKeptChars) return;
    this.closeOldest({ maxOpenFailures: maxOpenFailures / 2, maxKeptChars: maxKeptChars / 2 });
  }

  #close(key: string, window: Window): ClosedWindow {
    this.#windows.delete(key);
    this.#openFailures -= window.failures.length;
    this.#keptChars -= window.keptChars;
    return window;
  }
}

/**
 * No part holds a NUL, so that no environment or trace id can be taken for another pair. In the main environment the trace id is
 * the key as it is: one put together would have to be copied and hashed for each failure.
 */
function keyOf(
  { environment, traceId, fingerprint, previousFingerprint }: IntakeSignal,
  mainEnvironment: string,
): string {
  if (traceId !== '') return environment === mainEnvironment ? traceId : `${environment}\0${traceId}`;
  const key = `${environment}\0\0${fingerprint}`;
  return previousFingerprint === null ? key : `${key}\0${previousFingerprint}`;
}
