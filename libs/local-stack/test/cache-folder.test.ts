import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, fillCache, isCached } from '../src/cache-folder.ts';
import { waitFor } from './waiting.ts';

describe('the cache of downloads', () => {
  let cache: string;
  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), 'prodsentinel-cache-test-'));
  });
  afterEach(() => rmSync(cache, { recursive: true }));

  const artifact = { name: 'thing-1', recipe: 'group:thing:1' };

  test.each([
    ['linux', { HOME: '/home/me' }, '/home/me/.cache/prodsentinel'],
    ['linux', { HOME: '/home/me', XDG_CACHE_HOME: '/cache' }, '/cache/prodsentinel'],
    ['linux', { HOME: '/home/me', XDG_CACHE_HOME: 'relative' }, '/home/me/.cache/prodsentinel'],
    ['darwin', { HOME: '/Users/me' }, '/Users/me/Library/Caches/prodsentinel'],
  ] as const)('lies where %s keeps caches, given %j', (platform, env, expected) => {
    expect(cacheFolder(env, platform)).toBe(expected);
  });

  test('is filled once for one recipe, and again for another', async () => {
    let fills = 0;
    const fill = (draft: string) => writeFile(join(draft, 'file'), String(++fills));
    const first = await fillCache(cache, artifact, fill);
    expect(await fillCache(cache, artifact, fill)).toBe(first);
    const other = await fillCache(cache, { ...artifact, recipe: 'group:thing:2' }, fill);
    expect(other).not.toBe(first);
    expect([
      await readFile(join(first, 'file'), 'utf8'),
      await readFile(join(other, 'file'), 'utf8'),
    ]).toEqual(['1', '2']);
  });

  test('does not take a failed download for a good one', async () => {
    await expect(
      fillCache(cache, artifact, async (draft) => {
        await writeFile(join(draft, 'half'), '');
        throw new Error('the line was cut');
      }),
    ).rejects.toThrow('the line was cut');
    expect(await isCached(cache, artifact)).toBe(false);
    expect(readdirSync(cache)).toEqual([]);
  });

  test('does not take the download of a killed process for a good one, and removes it', async () => {
    const script = `import { fillCache } from ${JSON.stringify(join(import.meta.dirname, '../src/cache-folder.ts'))};
      setInterval(() => undefined, 1000);
      await fillCache(${JSON.stringify(cache)}, ${JSON.stringify(artifact)}, () => new Promise(() => undefined));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
    await waitFor('the download has begun', () => readdirSync(cache).length === 1);
    child.kill('SIGKILL');
    await waitFor('the process is gone', () => child.signalCode !== null);
    expect(await isCached(cache, artifact)).toBe(false);
    await fillCache(cache, artifact, (draft) => writeFile(join(draft, 'file'), 'good'));
    expect(readdirSync(cache)).toHaveLength(1);
  });

  test('is filled well by two at once: both get the same folder, and no draft remains', async () => {
    const both = Promise.withResolvers<void>();
    let begun = 0;
    const fill = async (draft: string) => {
      await writeFile(join(draft, 'file'), 'whole');
      if (++begun === 2) both.resolve();
      await both.promise;
    };
    const [first, second] = await Promise.all([
      fillCache(cache, artifact, fill),
      fillCache(cache, artifact, fill),
    ]);
    expect(first).toBe(second);
    expect(readFileSync(join(first, 'file'), 'utf8')).toBe('whole');
    expect(readdirSync(cache)).toHaveLength(1);
  });
});
