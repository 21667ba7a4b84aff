import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { firstBarrier, postgresAccount } from '../src/server-account.ts';

describe('the account of PostgreSQL', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync('/tmp/prodsentinel-account-test-');
    chmodSync(folder, 0o755);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const passwd = (...lines: string[]) => {
    const file = join(folder, 'passwd');
    writeFileSync(file, lines.join('\n'));
    return file;
  };
  const nobody = 'nobody:x:65534:65533:nobody:/nonexistent:/usr/sbin/nologin';

  test('is our own unless we are root', () => {
    expect(postgresAccount(1000)).toBeUndefined();
  });

  test('is postgres where that exists, else nobody, and an error where neither does', () => {
    expect(
      postgresAccount(0, passwd('root:x:0:0::/root:/bin/sh', nobody, 'postgres:x:101:104::/:/bin/sh')),
    ).toEqual({
      name: 'postgres',
      uid: 101,
      gid: 104,
    });
    expect(postgresAccount(0, passwd('root:x:0:0::/root:/bin/sh', nobody))).toEqual({
      name: 'nobody',
      uid: 65534,
      gid: 65533,
    });
    expect(() => postgresAccount(0, passwd('root:x:0:0::/root:/bin/sh'))).toThrow('cannot run as root');
  });

  test('is stopped by the first folder that it may not enter', () => {
    const stranger = { name: 'stranger', uid: 4_000_001, gid: 4_000_001 };
    const closed = join(folder, 'closed');
    const inner = join(closed, 'inner');
    mkdirSync(inner, { recursive: true, mode: 0o755 });
    expect(firstBarrier(inner, stranger)).toBeUndefined();
    chmodSync(closed, 0o700);
    expect(firstBarrier(inner, stranger)).toBe(closed);
    chmodSync(closed, 0o711);
    expect(firstBarrier(inner, stranger)).toBeUndefined();
  });
});
