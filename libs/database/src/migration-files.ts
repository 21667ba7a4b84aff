import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { AppError } from '@prodsentinel/kernel';

/**
 * The number of this build. Raised by one with each release that brings a migration; a migration names the oldest build
 * that can live with the schema after it.
 */
export const currentBuild = 4;

/** Where the migrations of this build lie, with `checksums.json`. */
export const migrationsFolder = new URL('migrations/', import.meta.url);

export interface MigrationFile {
  /** File name without its ending; the order of the names is the order of the migrations. */
  readonly name: string;
  readonly sql: string;
  /** Of the text with `\n` line ends, so that a checkout on another platform is the same file. */
  readonly sha256: string;
  readonly oldestBuild: number;
}

/**
 * Reads the migrations of this build, in order, and makes sure that none was changed since it was committed:
 * `checksums.json` beside them holds the sha256 of each.
 *
 * @throws AppError `contract_mismatch` naming the file that was edited, is not listed or is listed and absent
 */
export function loadMigrations(folder = migrationsFolder): MigrationFile[] {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .toSorted()
    .map((file) =>
      parseMigration(file.slice(0, -'.sql'.length), readFileSync(new URL(file, folder), 'utf8')),
    );
  const committed = JSON.parse(readFileSync(new URL('checksums.json', folder), 'utf8')) as Record<
    string,
    string
  >;
  const problems = [
    ...files.flatMap(({ name, sha256 }) => {
      if (!(name in committed))
        return [`migration ${name} is not listed in checksums.json; add "${name}": "${sha256}"`];
      return committed[name] === sha256
        ? []
        : [`migration ${name} was edited since it was committed; restore it and write a new migration`];
    }),
    ...Object.keys(committed)
      .filter((name) => !files.some((file) => file.name === name))
      .map((name) => `migration ${name} is listed in checksums.json, but its file is gone; restore it`),
  ];
  if (problems.length > 0) throw new AppError('contract_mismatch', problems.join('\n'));
  return files;
}

/**
 * A migration from its text.
 *
 * @throws AppError `contract_mismatch` when its first line does not say `-- oldest-build: NUMBER`
 */
export function parseMigration(name: string, text: string): MigrationFile {
  const sql = text.replaceAll('\r\n', '\n');
  const oldestBuild = /^-- oldest-build: (\d+)\n/.exec(sql)?.[1];
  if (!oldestBuild)
    throw new AppError(
      'contract_mismatch',
      `migration ${name}: the first line must be "-- oldest-build: NUMBER"`,
    );
  return {
    name,
    sql,
    sha256: createHash('sha256').update(sql).digest('hex'),
    oldestBuild: Number(oldestBuild),
  };
}
