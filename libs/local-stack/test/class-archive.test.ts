import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '@prodsentinel/kernel';
import { obtainClassArchive } from '../src/class-archive.ts';

describe('the archive of classes for a faster start', () => {
  let cache: string;
  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), 'prodsentinel-classes-test-'));
  });
  afterEach(() => rmSync(cache, { recursive: true }));

  const lines: string[] = [];
  const obtain = (signal: AbortSignal) =>
    obtainClassArchive(
      cache,
      { name: 'thing-classes', recipe: 'java 99' },
      {
        prepare: () => Promise.reject(new AppError('unavailable', 'this JVM makes no archives')),
        register: { started: () => undefined, ended: () => undefined },
        signal,
        onProgress: (line) => lines.push(line),
      },
    );

  test('is done without, once and for all, where it cannot be made, and that is said', async () => {
    lines.length = 0;
    expect(await obtain(new AbortController().signal)).toEqual([]);
    expect(lines.at(-1)).toBe('Going on without thing-classes: this JVM makes no archives');
    lines.length = 0;
    expect(await obtain(new AbortController().signal)).toEqual([]);
    expect(lines).toEqual([]);
  });

  test('is tried again when the first try was only aborted', async () => {
    await expect(obtain(AbortSignal.abort())).rejects.toMatchObject({
      message: 'this JVM makes no archives',
    });
    expect(readdirSync(cache)).toEqual([]);
  });
});
