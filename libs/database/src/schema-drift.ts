import { MikroORM } from '@mikro-orm/postgresql';
import { entities } from './entities/all-entities.ts';
import { toDatabaseError } from './database-errors.ts';
import type { Database } from './open-database.ts';
import { readDefinitions, readExpectedDefinitions, type Definition } from './schema-definitions.ts';

/**
 * Compares a live database with what this build expects, whatever `schema_migrations` says: tables, columns, types and
 * closed sets by the entities, indexes, constraints and triggers by what the migrations make of an empty schema on the same server
 * (temporary tables in a transaction that is taken back).
 *
 * @returns one sentence or statement for each difference; none when they agree
 * @throws AppError `unavailable` when the database does not answer, `bug` when the role may not create temporary tables
 */
export async function findSchemaDrift(database: Database, url: string): Promise<string[]> {
  const [live, expected] = await database.transaction(async (session) => [
    await readDefinitions(session),
    await readExpectedDefinitions(session),
  ]);
  return [...(await compareEntities(url)), ...compareDefinitions(live, expected)];
}

// Keys between tables, indexes, checks on numbers, triggers and the table at which builds before 4 wait are the
// migrations' own: entities are for reading.
const ownOfMigrations =
  /^drop index |^alter table "\w+" drop constraint "\w+_(foreign|unique|(number|payload|failure_count|trace_count)_check)";$|^drop table if exists "counted_offsets"|^drop (trigger|function) if exists /;

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

/** Both ways: an index that somebody dropped or changed in a hurry, and one that no migration made. */
function compareDefinitions(
  live: ReadonlyMap<string, Definition>,
  expected: ReadonlyMap<string, Definition>,
): string[] {
  return [
    ...[...expected].flatMap(([name, { text }]) => {
      const found = live.get(name);
      if (!found) return `${name} is missing`;
      return found.text === text ? [] : `${name} is "${found.text}", expected "${text}"`;
    }),
    ...[...live.keys()].filter((name) => !expected.has(name)).map((name) => `${name}: no migration made it`),
    ...[...live].filter(([, { isValid }]) => !isValid).map(([name]) => `${name} is not valid`),
  ];
}
