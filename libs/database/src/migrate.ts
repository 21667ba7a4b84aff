import { AppError } from '@prodsentinel/kernel';
import { currentBuild, loadMigrations, type MigrationFile } from './migration-files.ts';
import { findMigrationProblems, type AppliedMigration, type MigrationProblem } from './migration-problems.ts';
import { openDatabase, type Database } from './open-database.ts';
import { toIso, type SqlSession } from './sql-session.ts';

export interface MigrationSource {
  /** Default: the migrations of this build. */
  readonly migrations?: readonly MigrationFile[];
  /** Default: the number of this build. */
  readonly build?: number;
}

export interface MigrationStatus {
  readonly build: number;
  /** In the order they were applied. */
  readonly applied: readonly AppliedMigration[];
  readonly problems: readonly MigrationProblem[];
}

/**
 * Applies what is pending, each migration in a transaction of its own, and answers the names. Concurrent calls wait for
 * each other (advisory lock): the first migrates, the others find nothing to do.
 *
 * @throws AppError `contract_mismatch` when the database is not a state this build can go on from (nothing is applied),
 *   `unavailable` when it does not answer
 */
export async function migrateUp(url: string, source: MigrationSource = {}): Promise<string[]> {
  const database = await openDatabase({
    url,
    applicationName: 'prodsentinel-migrate',
    poolSize: 2,
    // A migration may rewrite a large table, and whoever comes second waits for it.
    statementTimeoutMs: 3_600_000,
    lockTimeoutMs: 3_600_000,
    idleInTransactionTimeoutMs: 3_600_000,
  });
  try {
    return await database.transaction(async (lock) => {
      await lock.query('select pg_advisory_xact_lock($1)', [migrationLock]);
      return await applyPending(database, source);
    });
  } finally {
    await database.close();
  }
}

/**
 * Makes sure that this build can work with the database. Services call it at start; they never migrate.
 *
 * @throws AppError `contract_mismatch` with one line for each problem: the migration and the command that mends it
 */
export async function verifyMigrations(session: SqlSession, source: MigrationSource = {}): Promise<void> {
  const { problems } = await migrationStatus(session, source);
  refuse(problems);
}

/** What the database went through, and what keeps this build from working with it. */
export async function migrationStatus(
  session: SqlSession,
  { migrations = loadMigrations(), build = currentBuild }: MigrationSource = {},
): Promise<MigrationStatus> {
  const applied = await readApplied(session);
  return { build, applied, problems: findMigrationProblems(applied, migrations, build) };
}

// Any constant will do, as long as nothing else of ours uses it.
const migrationLock = '7229480111304021';

async function applyPending(database: Database, source: MigrationSource): Promise<string[]> {
  const { migrations = loadMigrations(), build = currentBuild } = source;
  await database.query(`create table if not exists schema_migrations (
    name text constraint schema_migrations_pkey primary key,
    sha256 text not null,
    oldest_build int not null,
    build int not null,
    applied_at timestamptz not null
  )`);
  const { problems } = await migrationStatus(database, { migrations, build });
  refuse(problems.filter(({ kind }) => kind !== 'pending'));
  const pending = new Set(problems.map(({ migration }) => migration));
  for (const { name, sql, sha256, oldestBuild } of migrations.filter((each) => pending.has(each.name)))
    await database.transaction(async (session) => {
      await session.query(sql);
      await session.query(
        'insert into schema_migrations (name, sha256, oldest_build, build, applied_at) values ($1, $2, $3, $4, clock_timestamp())',
        [name, sha256, oldestBuild, build],
      );
    });
  return [...pending];
}

async function readApplied(session: SqlSession): Promise<AppliedMigration[]> {
  const [table] = await session.query<{ exists: boolean }>(
    `select to_regclass('schema_migrations') is not null as exists`,
  );
  if (!table?.exists) return [];
  return session.query<AppliedMigration>(
    `select name, sha256, oldest_build as "oldestBuild", build,
      ${toIso('applied_at')} as "appliedAt"
    from schema_migrations order by applied_at, name`,
  );
}

function refuse(problems: readonly MigrationProblem[]): void {
  if (problems.length === 0) return;
  throw new AppError(
    'contract_mismatch',
    `the database does not match this build:\n${problems.map(({ message }) => `  ${message}`).join('\n')}`,
  );
}
