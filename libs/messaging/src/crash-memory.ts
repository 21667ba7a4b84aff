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
  readonly turns: Pick<CarefulTurns, 'take'>;
}

export const defaultMaxCrashes = 3;

/** What all threads of one process have in common. */
export type ProcessCrashes = Pick<CrashMemory, 'owner' | 'turns'>;

/** One for each process: what ends the process ends all its consumers. */
export function createProcessCrashes(): ProcessCrashes {
  return { owner: randomUUID(), turns: new CarefulTurns() };
}

/** One for each process, given to all its consumers; where several threads have consumers, they share `process`. */
export function createCrashMemory(
  store: CrashStore,
  maxCrashes: number = defaultMaxCrashes,
  process: ProcessCrashes = createProcessCrashes(),
): CrashMemory {
  return { store, maxCrashes, ...process };
}
