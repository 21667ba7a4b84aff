import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createMigration, loadMigrations, parseMigration, sealMigration } from '../src/index.ts';
import { migrationsFolder } from '../src/migration-files.ts';

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

describe('creating a migration', () => {
  test('numbers it after the last one, and seals it once it is written', async () => {
    const { sha256 } = parseMigration('x', text);
    await load({ '0001-a': text }, { '0001-a': sha256 });
    const url = pathToFileURL(`${folder}/`);
    expect(createMigration('add-colour', url)).toBe('0002-add-colour');
    appendFileSync(new URL('0002-add-colour.sql', url), 'select 2;\n');
    expect(() => loadMigrations(url)).toThrow(/0002-add-colour was edited/);
    sealMigration('0002-add-colour', url);
    expect(loadMigrations(url).map(({ name }) => name)).toEqual(['0001-a', '0002-add-colour']);
    expect(createMigration('more', url)).toBe('0003-more');
  });

  test.each(['', 'Add Colour', '../evil', 'a_b', 'x'.repeat(61)])('refuses the title "%s"', (title) => {
    expect(() => createMigration(title, pathToFileURL(`${folder}/`))).toThrow(/lower-case words/);
  });
});

const git = (...args: string[]) =>
  spawnSync('git', args, { cwd: fileURLToPath(migrationsFolder), encoding: 'utf8' });
const hasHistory = git('rev-parse', 'HEAD').status === 0;

/** 0001 was written in several commits before anything was released; from this one on it is frozen. */
const frozenSince: Readonly<Record<string, string>> = {
  '0001-incidents': '143c4c869b4ed44eafbb6634cfa9fde3b70d357d',
};

/** A migration as the commit that froze it has it: the one that brought it, unless it says otherwise above. */
function frozenText(path: string, broughtBy: string): string {
  const since = git('show', `${frozenSince[basename(path, '.sql')] ?? broughtBy}:${path}`);
  // A shallow clone may begin later than that.
  return since.status === 0 ? since.stdout : git('show', `${broughtBy}:${path}`).stdout;
}

function changesSinceCommit(): string[] {
  // A renamed migration is another one.
  const log = git(
    'log',
    '--no-renames',
    '--diff-filter=A',
    '--name-only',
    '--format=commit %H',
    '--',
    '*.sql',
  );
  const now = new Map(loadMigrations().map(({ name, sha256 }) => [name, sha256]));
  let commit = '';
  return log.stdout.split('\n').flatMap((line) => {
    if (line.startsWith('commit ')) commit = line.slice('commit '.length);
    if (line === '' || line.startsWith('commit ')) return [];
    const name = basename(line, '.sql');
    if (!now.has(name)) return [`${name} was removed`];
    const { sha256 } = parseMigration(name, frozenText(line, commit));
    return now.get(name) === sha256 ? [] : [`${name} was changed since it was committed`];
  });
}

(hasHistory ? test : test.skip)('no migration was changed or removed after the commit that froze it', () => {
  expect(changesSinceCommit()).toEqual([]);
});
