import { randomUUID } from 'node:crypto';
import { CarefulTurns } from './careful-turns.ts';
import type { CrashStore } from './crash-store.ts';

/** What the consumers of one process share so that a record that ends the process is found and set aside. */
export interface CrashMemory {
  readonly store: CrashStore;
  /** Names this process. */
  readonly owner: string;
  /** Crashes while a record was tried alone, after which it is set aside. */
  readonly maxCrashes: number;
  readonly turns: CarefulTurns;
}

export const defaultMaxCrashes = 3;

/** One for each process, given to all its consumers: what ends the process ends them all. */
export function createCrashMemory(store: CrashStore, maxCrashes: number = defaultMaxCrashes): CrashMemory {
  return { store, owner: randomUUID(), maxCrashes, turns: new CarefulTurns() };
}
