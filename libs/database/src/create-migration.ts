import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { AppError } from '@prodsentinel/kernel';
import { currentBuild, migrationsFolder, parseMigration } from './migration-files.ts';

/**
 * Writes the next migration, numbered after the last one, and lists its checksum. It holds
 * nothing but its head; when its SQL is written, `sealMigration` lists the checksum of that.
 *
 * @returns the name of the file without its ending
 * @throws AppError `invalid_input` when the title is no lower-case words joined by hyphens
 */
export function createMigration(title: string, folder = migrationsFolder): string {
  if (!/^[a-z\d]+(-[a-z\d]+)*$/.test(title) || title.length > 60)
    throw new AppError('invalid_input', 'title: expected lower-case words joined by hyphens, at most 60', {
      path: 'title',
    });
  const last = readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .toSorted()
    .at(-1);
  const number = Number(last?.slice(0, 4) ?? 0) + 1;
  const name = `${String(number).padStart(4, '0')}-${title}`;
  const text = `-- oldest-build: ${currentBuild}\n-- Expand first, contract a release later. Raise currentBuild with the first migration of a release.\n`;
  // Exclusive: two people who create at once do not overwrite each other.
  writeFileSync(new URL(`${name}.sql`, folder), text, { flag: 'wx' });
  sealMigration(name, folder);
  return name;
}

/**
 * Lists the checksum of a migration that was not committed yet. From its commit on it is immutable: a test
 * compares with git.
 *
 * @throws AppError `invalid_input` when there is no such migration
 */
export function sealMigration(name: string, folder = migrationsFolder): void {
  if (!existsSync(new URL(`${name}.sql`, folder)))
    throw new AppError('invalid_input', `there is no migration ${name}`, { path: 'name' });
  const { sha256 } = parseMigration(name, readFileSync(new URL(`${name}.sql`, folder), 'utf8'));
  const list = new URL('checksums.json', folder);
  const checksums = JSON.parse(readFileSync(list, 'utf8')) as Record<string, string>;
  writeFileSync(list, `${JSON.stringify({ ...checksums, [name]: sha256 }, null, 2)}\n`);
}
