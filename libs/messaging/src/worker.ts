import type { WorkItem } from './work.ts';

/** How records are worked on: one by one, or in batches. */
export interface Worker {
  /** Records of one partition, in order. */
  add(items: WorkItem[]): void;
  /** Begins nothing more and waits for what is at work. */
  drain(): Promise<void>;
}
