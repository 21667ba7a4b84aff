import { loadMigrations } from './migration-files.ts';
import type { SqlSession } from './sql-session.ts';

/** An index, a constraint, a trigger or its function as PostgreSQL tells it. */
export interface Definition {
  readonly text: string;
  readonly isValid: boolean;
}

/**
 * Every index, constraint, trigger and function of the current schema, by name; those of `schema_migrations` are the
 * guard's own, and the functions of extensions theirs.
 */
export async function readDefinitions(session: SqlSession): Promise<Map<string, Definition>> {
  const rows = await session.query<Definition & { name: string }>(
    `select conname as name, conrelid::regclass || ': ' || pg_get_constraintdef(oid) as text, convalidated as "isValid"
    from pg_constraint where connamespace = current_schema()::regnamespace and contype in ('p', 'u', 'f', 'c')
      and conrelid is distinct from to_regclass('schema_migrations')
    union all
    select relname, replace(replace(pg_get_indexdef(indexrelid), ' ON pg_temp.', ' ON '),
      format(' ON %I.', current_schema()), ' ON '), indisvalid
    from pg_index join pg_class on pg_class.oid = indexrelid
    where relnamespace = current_schema()::regnamespace and indrelid is distinct from to_regclass('schema_migrations')
      and not exists (select 1 from pg_constraint where conindid = indexrelid and contype in ('p', 'u'))
    union all
    select tgname, concat_ws(' ', relname, tgtype, tgattr, tgoldtable, tgnewtable, proname), tgenabled = 'O'
    from pg_trigger join pg_class on pg_class.oid = tgrelid join pg_proc on pg_proc.oid = tgfoid
    where relnamespace = current_schema()::regnamespace and not tgisinternal
    union all
    select proname, prosrc, true from pg_proc where pronamespace = current_schema()::regnamespace
      and not exists (select 1 from pg_depend where classid = 'pg_proc'::regclass and objid = pg_proc.oid and deptype = 'e')`,
  );
  return new Map(rows.map(({ name, ...definition }) => [name, definition]));
}

/**
 * What `readDefinitions` would answer for an empty schema in which the migrations ran: they run over temporary tables,
 * which hide those of the same name, and are taken back.
 */
export async function readExpectedDefinitions(session: SqlSession): Promise<Map<string, Definition>> {
  await session.query('savepoint before_expected');
  await session.query('set local search_path to pg_temp');
  for (const { sql } of loadMigrations()) await session.query(sql);
  const definitions = await readDefinitions(session);
  await session.query('rollback to savepoint before_expected');
  return definitions;
}
