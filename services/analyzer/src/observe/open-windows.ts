import type { AssignmentListener, IncomingRecord } from '@prodsentinel/messaging';
import type { IntakeSignal } from '../domain/observe/intake-signal.ts';
import {
  PartitionWindows,
  type OpenBounds,
  type WindowSettings,
} from '../domain/windows/partition-windows.ts';
import type { ClosedWindow } from '../domain/windows/window.ts';

/**
 * The windows of all assigned partitions. They end with the assignment: what was gathered for a partition that was lost
 * is dropped, its next owner reads the same records again. What all of them hold together is bounded too: beyond it the
 * partition that holds most closes its older half.
 */
export class OpenWindows implements AssignmentListener {
  readonly #settings: WindowSettings;
  readonly #bounds: OpenBounds;
  readonly #monotonicMs: () => number;
  readonly #partitions = new Map<number, PartitionWindows>();
  /** At least what is open: closing is not subtracted before the bound seems to be reached. */
  #mostOpenFailures = 0;
  #mostKeptChars = 0;

  /** @param bounds over all partitions */
  constructor(settings: WindowSettings, bounds: OpenBounds, monotonicMs: () => number) {
    this.#settings = settings;
    this.#bounds = bounds;
    this.#monotonicMs = monotonicMs;
  }

  assigned(_topic: string, partition: number, epoch: number): void {
    this.#partitions.set(partition, new PartitionWindows(epoch, this.#settings, this.#monotonicMs()));
  }

  lost(_topic: string, partition: number): void {
    this.#partitions.delete(partition);
  }

  /** Every record moves its partition's clock, failure or not. */
  read(records: readonly IncomingRecord[]): void {
    const nowMs = this.#monotonicMs();
    for (const { partition, epoch, timestampMs } of records)
      this.#find(partition, epoch)?.clock.read(timestampMs, nowMs);
  }

  add(signal: IntakeSignal, epoch: number): void {
    const windows = this.#find(signal.partition, epoch);
    if (windows === undefined) return;
    const keptBefore = windows.keptChars;
    windows.add(signal);
    this.#mostOpenFailures += 1;
    this.#mostKeptChars += Math.max(0, windows.keptChars - keptBefore);
    const { maxOpenFailures, maxKeptChars } = this.#bounds;
    if (this.#mostOpenFailures > maxOpenFailures || this.#mostKeptChars > maxKeptChars) this.#hold();
  }

  #hold(): void {
    if (this.openFailures > this.#bounds.maxOpenFailures) this.#relieve(({ openFailures }) => openFailures);
    if (this.keptChars > this.#bounds.maxKeptChars) this.#relieve(({ keptChars }) => keptChars);
    this.#mostOpenFailures = this.openFailures;
    this.#mostKeptChars = this.keptChars;
  }

  takeDue(isPaused: (partition: number) => boolean): ClosedWindow[] {
    return [...this.#partitions].flatMap(([partition, windows]) => {
      windows.clock.tick(this.#monotonicMs(), isPaused(partition));
      return windows.takeDue();
    });
  }

  takeAll(): ClosedWindow[] {
    return [...this.#partitions.values()].flatMap((windows) => windows.takeAll());
  }

  get openFailures(): number {
    let sum = 0;
    for (const { openFailures } of this.#partitions.values()) sum += openFailures;
    return sum;
  }

  get keptChars(): number {
    let sum = 0;
    for (const { keptChars } of this.#partitions.values()) sum += keptChars;
    return sum;
  }

  #relieve(holds: (windows: PartitionWindows) => number): void {
    const [fullest] = [...this.#partitions.values()].toSorted((a, b) => holds(b) - holds(a));
    fullest?.closeOldest({
      maxOpenFailures: fullest.openFailures / 2,
      maxKeptChars: fullest.keptChars / 2,
    });
  }

  #find(partition: number, epoch: number): PartitionWindows | undefined {
    const windows = this.#partitions.get(partition);
    return windows?.epoch === epoch ? windows : undefined;
  }
}
