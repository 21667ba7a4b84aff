import { chmod, mkdir, realpath } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { AppError } from '@prodsentinel/kernel';
import { firstBarrier, type Account } from './server-account.ts';
import { listStates, readState } from './state-file.ts';
import type { ServerName, StackData } from './stack.ts';
import { isOwned, throwAwayPrefix } from './sweep.ts';

/** Where a stack's folder will be; it need not exist yet. */
export function planFolder(data: StackData, id: string, account: Account | undefined): string {
  if (data.kind === 'kept') return resolve(data.directory);
  const place = [tmpdir(), '/tmp', '/var/tmp'].find((each) => !account || !firstBarrier(each, account));
  return join(place ?? tmpdir(), `${throwAwayPrefix}${id}`);
}

/** Makes the folder of one server; others on this machine may pass through it, as PostgreSQL's account must, not look. */
export async function makeServerFolder(stackFolder: string, server: ServerName): Promise<string> {
  const folder = join(stackFolder, server);
  await mkdir(folder, { recursive: true, mode: 0o711 });
  return folder;
}

/**
 * Makes the stack's folder.
 *
 * @throws AppError `configuration` when it cannot be made or PostgreSQL's account may not enter it, `conflict` when another stack uses it
 */
export async function makeStackFolder(
  folder: string,
  {
    data,
    stacks,
    id,
    account,
  }: { data: StackData; stacks: string; id: string; account: Account | undefined },
): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o711 });
  } catch (cause) {
    throw new AppError('configuration', `the folder ${folder} cannot be made`, { cause });
  }
  if (data.kind === 'throw-away') await chmod(folder, 0o711);
  const barrier = account && firstBarrier(folder, account);
  if (barrier) {
    throw new AppError(
      'configuration',
      `PostgreSQL does not run as root; it runs as ${account.name}, who may not enter ${barrier}, so its data cannot be in ` +
        `${folder}: choose another folder, or allow passing through with chmod o+x ${barrier}`,
    );
  }
  const other = await otherUser(folder, stacks, id);
  if (other)
    throw new AppError('conflict', `the data in ${folder} is in use by another stack (process ${other})`);
}

async function otherUser(folder: string, stacks: string, id: string): Promise<number | undefined> {
  const real = await realpath(folder);
  for (const otherId of listStates(stacks).filter((each) => each !== id)) {
    const state = readState(stacks, otherId);
    if (!state || state.throwAway || !isOwned(state) || !existsSync(state.directory)) continue;
    if ((await realpath(state.directory)) === real) return state.guard?.pid ?? state.parent?.pid;
  }
  return undefined;
}
