import type { AssignmentListener, IncomingRecord } from '@prodsentinel/messaging';
import type { IntakeSignal } from '../domain/observe/intake-signal.ts';
import { PartitionWindows, type WindowSettings } from '../domain/windows/partition-windows.ts';
import type { ClosedWindow } from '../domain/windows/window.ts';

/**
 * The windows of all assigned partitions. They end with the assignment: what was gathered for a partition that was lost
 * is dropped, its next owner reads the same records again.
 */
export class OpenWindows implements AssignmentListener {
  readonly #settings: WindowSettings;
  readonly #monotonicMs: () => number;
  readonly #partitions = new Map<number, PartitionWindows>();

  constructor(settings: WindowSettings, monotonicMs: () => number) {
    this.#settings = settings;
    this.#monotonicMs = monotonicMs;
  }

  assigned(_topic: string, partition: number, epoch: number): void {
    this.#partitions.set(partition, new PartitionWindows(epoch, this.#settings, this.#monotonicMs()));
  }

  lost(_topic: string, partition: number): void {
    this.#partitions.delete(partition);
  }

  /** Every record moves its partition's clock, failure or not. */
  read({ partition, epoch, timestampMs }: IncomingRecord): void {
    this.#find(partition, epoch)?.clock.read(timestampMs, this.#monotonicMs());
  }

  add(signal: IntakeSignal, epoch: number): void {
    this.#find(signal.partition, epoch)?.add(signal);
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
    return [...this.#partitions.values()].reduce((sum, { openFailures }) => sum + openFailures, 0);
  }

  #find(partition: number, epoch: number): PartitionWindows | undefined {
    const windows = this.#partitions.get(partition);
    return windows?.epoch === epoch ? windows : undefined;
  }
}
