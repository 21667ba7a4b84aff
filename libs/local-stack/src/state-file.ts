import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@prodsentinel/kernel';
import type { ProcessIdentity } from './process-identity.ts';

/** What must be ended and removed when those who own a stack are gone. */
export interface StackState {
  readonly id: string;
  /** Process numbers mean nothing on another host that shares the folder. */
  readonly host: string;
  readonly directory: string;
  /** Whether the directory goes with the stack. */
  readonly throwAway: boolean;
  readonly parent: ProcessIdentity | undefined;
  readonly guard: ProcessIdentity | undefined;
  readonly children: readonly (ProcessIdentity & { readonly name: string })[];
  /** The address of the engine that runs its containers, which carry its id; absent without any. */
  readonly engine?: string;
}

export function stateFileOf(folder: string, id: string): string {
  return join(folder, `${id}.json`);
}

/** Writes whole or not at all. Synchronous, so that no child runs unrecorded while something else goes on. */
export function writeState(folder: string, state: StackState): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = stateFileOf(folder, state.id);
  const draft = `${file}.${process.pid}.draft`;
  writeFileSync(draft, JSON.stringify(state), { mode: 0o600 });
  renameSync(draft, file);
}

/**
 * @throws AppError `invalid_input` naming the file when it is not a state file
 * @returns undefined when there is no such stack
 */
export function readState(folder: string, id: string): StackState | undefined {
  const file = stateFileOf(folder, id);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const state = JSON.parse(text) as StackState;
    if (state.id === id && typeof state.directory === 'string' && Array.isArray(state.children)) return state;
  } catch (cause) {
    throw new AppError('invalid_input', `${file} is not JSON`, { cause });
  }
  throw new AppError('invalid_input', `${file} does not describe the stack ${id}`);
}

/** Forgets a stack: its state and the log of its guard. */
export function removeState(folder: string, id: string): void {
  rmSync(guardLogOf(folder, id), { force: true });
  rmSync(stateFileOf(folder, id), { force: true });
}

/** What the guard itself had to say, for when it dies without a message. */
export function guardLogOf(folder: string, id: string): string {
  return join(folder, `${id}.guard.log`);
}

/** The ids of all stacks that are recorded, oldest name first. */
export function listStates(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => name.slice(0, -'.json'.length))
      .toSorted();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
