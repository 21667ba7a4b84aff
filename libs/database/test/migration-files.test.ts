import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { loadMigrations, parseMigration } from '../src/index.ts';

const text = '-- oldest-build: 1\nselect 1;\n';
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'migrations-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function load(files: Record<string, string>, checksums: Record<string, string>) {
  for (const [name, sql] of Object.entries(files)) await writeFile(join(folder, `${name}.sql`), sql);
  await writeFile(join(folder, 'checksums.json'), JSON.stringify(checksums));
  return loadMigrations(pathToFileURL(`${folder}/`));
}

describe('migration files', () => {
  test('the committed files are the ones whose checksums were committed', () => {
    expect(loadMigrations().map(({ name }) => name)).toContain('0001-incidents');
  });

  test('they come in the order of their names', async () => {
    const { sha256 } = parseMigration('x', text);
    const files = await load({ '0002-b': text, '0001-a': text }, { '0001-a': sha256, '0002-b': sha256 });
    expect(files.map(({ name }) => name)).toEqual(['0001-a', '0002-b']);
  });

  test('an edited file, an unlisted one and a vanished one are each named', async () => {
    const { sha256 } = parseMigration('x', text);
    const loading = load(
      { '0001-a': `${text}-- more\n`, '0002-b': text },
      { '0001-a': sha256, '0003-c': sha256 },
    );
    await expect(loading).rejects.toMatchObject({ code: 'contract_mismatch' });
    await expect(loading).rejects.toThrow(/0001-a was edited/);
    await expect(loading).rejects.toThrow(/0002-b is not listed/);
    await expect(loading).rejects.toThrow(/0003-c is listed.*its file is gone/);
  });

  test('a checkout with other line ends is the same migration', () => {
    expect(parseMigration('x', text.replaceAll('\n', '\r\n')).sha256).toBe(parseMigration('x', text).sha256);
  });

  test('a migration must say which build can live with it', () => {
    expect(() => parseMigration('0009-silent', 'select 1;\n')).toThrow(/0009-silent.*oldest-build/);
  });
});
