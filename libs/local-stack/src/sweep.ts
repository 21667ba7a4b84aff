import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import { AppError, delay, describeError } from '@prodsentinel/kernel';
import { removeContainers } from './containers/remove-containers.ts';
import { isRunning, signalProcess, type ProcessIdentity } from './process-identity.ts';
import { listStates, readState, removeState, type StackState } from './state-file.ts';

/** How the name of every throw-away folder begins: nothing else is ever removed. */
export const throwAwayPrefix = 'prodsentinel-stack-';

/**
 * Ends and removes what stacks left behind whose guard and parent are both gone. A stack that cannot be removed is
 * reported and left for the next sweep.
 */
export async function sweepDeadStacks(folder: string, onProgress: (line: string) => void): Promise<void> {
  for (const id of listStates(folder)) {
    try {
      const state = readState(folder, id);
      if (!state || state.host !== hostname() || isOwned(state)) continue;
      const what = state.engine === undefined ? state.directory : `containers of stack ${id}`;
      onProgress(`Removing what a stack left behind that was killed (${what})`);
      await removeStack(folder, state);
    } catch (error) {
      onProgress(`Could not remove the remains of stack ${id}: ${describeError(error)}`);
    }
  }
}

/** Whether somebody lives who will clean up after this stack. */
export function isOwned(state: StackState): boolean {
  return [state.guard, state.parent].some((owner) => owner !== undefined && isRunning(owner));
}

/** Ends the children and containers of a stack, removes its folder if it is throw-away, and forgets it. */
export async function removeStack(folder: string, state: StackState): Promise<void> {
  await Promise.all(state.children.map((child) => endProcess(child)));
  if (state.engine !== undefined) await removeContainers(state.id, state.engine);
  if (state.throwAway) await removeThrowAway(state.directory);
  removeState(folder, state.id);
}

/** Removes a folder of ours, retrying what a dying process still writes to. */
export async function removeThrowAway(directory: string): Promise<void> {
  if (!basename(directory).startsWith(throwAwayPrefix)) {
    throw new AppError('bug', `refusing to remove ${directory}: it is not a throw-away folder of ours`);
  }
  await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

async function endProcess(child: ProcessIdentity & { readonly name: string }): Promise<void> {
  // PostgreSQL releases its shared memory on SIGQUIT, and leaks it on SIGKILL.
  if (child.name === 'postgres' && signalProcess(child, 'SIGQUIT') && (await isGoneWithin(child, 3000)))
    return;
  if (signalProcess(child, 'SIGKILL') && !(await isGoneWithin(child, 10_000))) {
    throw new AppError('unavailable', `${child.name} (process ${child.pid}) does not end`);
  }
}

async function isGoneWithin(child: ProcessIdentity, ms: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < ms && isRunning(child); waitedMs += 25) await delay(25);
  return !isRunning(child);
}
