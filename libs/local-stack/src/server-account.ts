import { readFileSync, statSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '@prodsentinel/kernel';

/** An account that PostgreSQL may run as. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Who PostgreSQL runs as: it refuses root, so root hands it to `postgres`, else `nobody`.
 *
 * @returns undefined when we are not root and it runs as we do
 * @throws AppError `unavailable` when root finds neither account
 */
export function postgresAccount(uid = process.getuid?.(), passwd = '/etc/passwd'): Account | undefined {
  if (uid !== 0) return undefined;
  const lines = readFileSync(passwd, 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const [, , accountUid, accountGid] = lines.find(([each]) => each === name) ?? [];
    if (Number(accountUid) > 0) return { name, uid: Number(accountUid), gid: Number(accountGid) };
  }
  throw new AppError(
    'unavailable',
    'PostgreSQL cannot run as root, and there is no account postgres or nobody to run it as: use another account',
  );
}

/** The first folder on the way to `path` that the account may not enter, or undefined when it reaches it. */
export function firstBarrier(path: string, account: Account): string | undefined {
  return ancestorsAndSelf(realpathSync(path)).find((folder) => {
    const { mode, uid, gid } = statSync(folder);
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    return (mode & bit) === 0;
  });
}

function ancestorsAndSelf(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [...ancestorsAndSelf(parent), path];
}
