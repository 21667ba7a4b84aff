import type { AssignedPartition } from './assigned-partition.ts';
import type { WorkItem } from './work.ts';

/** How records are worked on: one by one, or in batches. */
export interface Worker {
  /** Records of one partition, in order. */
  add(items: WorkItem[]): void;
  /** The partition was lost: forget what was not begun. */
  drop(owner: AssignedPartition): void;
  /** Begins nothing more and waits for what is at work. */
  drain(): Promise<void>;
}
