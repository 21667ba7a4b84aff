import type { MigrationFile } from './migration-files.ts';

/** A row of `schema_migrations`. */
export interface AppliedMigration {
  readonly name: string;
  readonly sha256: string;
  readonly oldestBuild: number;
  readonly build: number;
  readonly appliedAt: string;
}

export interface MigrationProblem {
  readonly kind: 'phantom' | 'edited' | 'missing' | 'reordered' | 'pending';
  readonly migration: string;
  /** One sentence with the command that mends it. */
  readonly message: string;
}

/**
 * Compares what a database went through (in the order it did) with the migrations of a build.
 *
 * - `phantom` the database has a migration that this build has no file for, and that this build cannot live with
 * - `edited` the file is not the one that was applied
 * - `missing` a migration before the newest applied one was never applied
 * - `reordered` applied before one that comes earlier
 * - `pending` newer than everything applied
 */
export function findMigrationProblems(
  applied: readonly AppliedMigration[],
  files: readonly MigrationFile[],
  build: number,
): MigrationProblem[] {
  const newestApplied =
    applied
      .map(({ name }) => name)
      .toSorted()
      .at(-1) ?? '';
  return [
    ...applied.filter((row) => !isKnown(row, files) && row.oldestBuild > build).map(phantom(build)),
    ...files
      .filter((file) => applied.some((row) => row.name === file.name && row.sha256 !== file.sha256))
      .map(edited),
    ...files
      .filter((file) => !isApplied(file, applied) && file.name < newestApplied)
      .map(missing(newestApplied)),
    ...reordered(applied),
    ...files.filter((file) => !isApplied(file, applied) && file.name > newestApplied).map(pending),
  ];
}

function isKnown(row: AppliedMigration, files: readonly MigrationFile[]): boolean {
  return files.some(({ name }) => name === row.name);
}

function isApplied(file: MigrationFile, applied: readonly AppliedMigration[]): boolean {
  return applied.some(({ name }) => name === file.name);
}

function phantom(build: number) {
  return ({ name, oldestBuild }: AppliedMigration): MigrationProblem => ({
    kind: 'phantom',
    migration: name,
    message:
      `the database went through migration ${name}, which build ${build} does not have and cannot live with ` +
      `(it needs build ${oldestBuild}); start that build or newer, \`prodsentinel migrate status\` shows both sides`,
  });
}

function edited({ name }: MigrationFile): MigrationProblem {
  return {
    kind: 'edited',
    migration: name,
    message:
      `migration ${name} was edited after it was applied; restore the file (\`git checkout -- ${name}.sql\` in its folder) ` +
      'and put the change into a new one, then run `prodsentinel migrate up`',
  };
}

function missing(newestApplied: string) {
  return ({ name }: MigrationFile): MigrationProblem => ({
    kind: 'missing',
    migration: name,
    message:
      `migration ${name} was never applied, but the later ${newestApplied} was; rename it so that it comes last, ` +
      'then run `prodsentinel migrate up`',
  });
}

function reordered(applied: readonly AppliedMigration[]): MigrationProblem[] {
  return applied.flatMap(({ name }, index): MigrationProblem[] => {
    const earlier = applied.slice(0, index).find((before) => before.name > name);
    if (!earlier) return [];
    return [
      {
        kind: 'reordered',
        migration: name,
        message:
          `migration ${name} was applied after ${earlier.name}, which comes later: the schema may differ from the one this ` +
          'build was tested with; restore a backup, then run `prodsentinel migrate up`',
      },
    ];
  });
}

function pending({ name }: MigrationFile): MigrationProblem {
  return {
    kind: 'pending',
    migration: name,
    message: `migration ${name} was not applied yet; run \`prodsentinel migrate up\``,
  };
}
