import { MikroORM } from '@mikro-orm/postgresql';
import { entities } from './entities/all-entities.ts';
import { toDatabaseError } from './database-errors.ts';
import { loadMigrations } from './migration-files.ts';
import type { SqlSession } from './sql-session.ts';

/**
 * Compares a live database with what this build expects, whatever `schema_migrations` says: tables, columns, types and
 * closed sets by the entities, indexes and constraints by the names in the migrations.
 *
 * @returns one sentence or statement for each difference; none when they agree
 * @throws AppError `unavailable` when the database does not answer
 */
export async function findSchemaDrift(session: SqlSession, url: string): Promise<string[]> {
  return [...(await compareEntities(url)), ...(await compareNames(session))];
}

// Keys between tables, indexes and checks on numbers are the migrations' own: entities are for reading.
const ownOfMigrations =
  /^drop index |^alter table "\w+" drop constraint "\w+_(foreign|unique|(number|payload|failure_count|trace_count)_check)";$/;

async function compareEntities(url: string): Promise<string[]> {
  const orm = await MikroORM.init({
    entities: [...entities],
    clientUrl: url,
    dbName: decodeURIComponent(new URL(url).pathname.slice(1)),
    logger: () => undefined,
  });
  try {
    const difference = await orm.schema.getUpdateSchemaSQL({ wrap: false, safe: false });
    return difference
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('set names') && !ownOfMigrations.test(line))
      .map((line) => `the live schema differs; to agree it would need: ${line}`);
  } catch (error) {
    throw toDatabaseError(error);
  } finally {
    await orm.close(true);
  }
}

/** By name, both ways: an index that somebody dropped in a hurry, and one that no migration made. */
async function compareNames(session: SqlSession): Promise<string[]> {
  const sql = loadMigrations()
    .map((each) => each.sql)
    .join('\n');
  const expected = new Set(
    [...sql.matchAll(/^\s*create (?:unique )?index (\w+)|\bconstraint (\w+)/gm)].map(
      ([, index, constraint]) => index ?? constraint ?? '',
    ),
  );
  const rows = await session.query<{ name: string; isValid: boolean }>(
    `select conname as name, convalidated as "isValid" from pg_constraint
    where connamespace = current_schema()::regnamespace and contype in ('p', 'u', 'f', 'c')
      and conrelid <> to_regclass('schema_migrations')
    union
    select relname, indisvalid from pg_index join pg_class on pg_class.oid = indexrelid
    where relnamespace = current_schema()::regnamespace and indrelid <> to_regclass('schema_migrations')`,
  );
  const live = new Map(rows.map(({ name, isValid }) => [name, isValid]));
  return [
    ...[...expected].filter((name) => !live.has(name)).map((name) => `${name} is missing`),
    ...[...live.keys()].filter((name) => !expected.has(name)).map((name) => `${name}: no migration made it`),
    ...[...live].filter(([, isValid]) => !isValid).map(([name]) => `${name} is not valid`),
  ];
}
