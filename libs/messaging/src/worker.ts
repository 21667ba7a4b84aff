import type { Backlog } from './backlog.ts';

/** How records are worked on: one by one, or in batches. */
export interface Worker {
  /** Records of one partition, in order. */
  add(backlog: Backlog): void;
  /** Begins nothing more and waits for what is at work. */
  drain(): Promise<void>;
}
