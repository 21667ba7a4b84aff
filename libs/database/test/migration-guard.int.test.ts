import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  currentBuild,
  loadMigrations,
  migrateUp,
  migrationStatus,
  openDatabase,
  parseMigration,
  verifyMigrations,
  type Database,
} from '../src/index.ts';
import { createTestDatabase, type TestDatabase } from '../src/testing/create-test-database.ts';

const own = loadMigrations();
const second = parseMigration(
  '9001-colour',
  '-- oldest-build: 2\nalter table incidents add column colour text;\n',
);
const breaking = parseMigration(
  '9002-no-title',
  '-- oldest-build: 9\nalter table incidents drop column title;\n',
);

let target: TestDatabase;
let database: Database;
beforeEach(async () => {
  target = await createTestDatabase({ isEmpty: true });
  database = await openDatabase({ url: target.url, applicationName: 'guard-test' });
});
afterEach(async () => {
  await database.close();
  await target.drop();
});

describe('the migration guard', () => {
  test('an empty database is refused with the name of what is pending and the command', async () => {
    await expect(verifyMigrations(database)).rejects.toMatchObject({
      code: 'contract_mismatch',
      message: expect.stringMatching(/0001-incidents was not applied yet; run `prodsentinel migrate up`/),
    });
  });

  test('a migrated database is accepted, and migrating again does nothing', async () => {
    expect(await migrateUp(target.url)).toEqual(own.map(({ name }) => name));
    expect(await migrateUp(target.url)).toEqual([]);
    await expect(verifyMigrations(database)).resolves.toBeUndefined();
    expect(await migrationStatus(database)).toMatchObject({
      build: currentBuild,
      applied: own.map(({ name, oldestBuild }) => ({ name, oldestBuild, build: currentBuild })),
      problems: [],
    });
  });

  test('five migrate up at once migrate once', async () => {
    const applied = await Promise.all(Array.from({ length: 5 }, () => migrateUp(target.url)));
    expect(applied.flat()).toEqual(own.map(({ name }) => name));
    await expect(verifyMigrations(database)).resolves.toBeUndefined();
  });

  test('a migration that only the database knows stops this build', async () => {
    await migrateUp(target.url, { migrations: [...own, breaking], build: 9 });
    await expect(verifyMigrations(database)).rejects.toMatchObject({
      code: 'contract_mismatch',
      message: expect.stringMatching(/9002-no-title.*needs build 9.*prodsentinel migrate status/),
    });
    await expect(migrateUp(target.url)).rejects.toMatchObject({ code: 'contract_mismatch' });
  });

  test('a newer migration that says this build can live with it lets it work: rollback and rolling upgrade', async () => {
    await migrateUp(target.url, { migrations: [...own, second], build: 8 });
    await expect(verifyMigrations(database)).resolves.toBeUndefined();
    await expect(
      verifyMigrations(database, { migrations: [...own, second], build: 8 }),
    ).resolves.toBeUndefined();
    expect(await migrateUp(target.url)).toEqual([]);
  });

  test('an edited migration is named, and nothing is applied on top of it', async () => {
    await migrateUp(target.url, { migrations: [...own, second] });
    const edited = parseMigration('9001-colour', `${second.sql}-- later thoughts\n`);
    const source = { migrations: [...own, edited, breaking], build: 9 };
    await expect(verifyMigrations(database, source)).rejects.toThrow(
      /9001-colour was edited after it was applied/,
    );
    await expect(migrateUp(target.url, source)).rejects.toThrow(/9001-colour was edited/);
    expect((await migrationStatus(database, source)).applied.map(({ name }) => name)).toEqual([
      ...own.map(({ name }) => name),
      '9001-colour',
    ]);
  });

  test('a migration that was left out before a later one is missing, not pending', async () => {
    await migrateUp(target.url, { migrations: [...own, breaking], build: 9 });
    const source = { migrations: [...own, second, breaking], build: 9 };
    await expect(verifyMigrations(database, source)).rejects.toThrow(
      /9001-colour was never applied, but the later 9002-no-title was; rename it/,
    );
    await expect(migrateUp(target.url, source)).rejects.toThrow(/9001-colour was never applied/);
  });

  test('migrations that were applied in another order are named', async () => {
    const source = { migrations: [...own, second, breaking], build: 9 };
    await migrateUp(target.url, source);
    await database.query(
      `update schema_migrations set applied_at = applied_at + interval '1 hour' where name = '9001-colour'`,
    );
    await expect(verifyMigrations(database, source)).rejects.toThrow(
      /9001-colour was applied after 9002-no-title/,
    );
  });

  test('a migration that fails leaves nothing of itself behind', async () => {
    const broken = parseMigration(
      '9001-broken',
      '-- oldest-build: 1\nalter table incidents add column half text;\nselect 1/0;\n',
    );
    await expect(migrateUp(target.url, { migrations: [...own, broken] })).rejects.toThrow(/division by zero/);
    expect((await migrationStatus(database)).applied.map(({ name }) => name)).toEqual(
      own.map(({ name }) => name),
    );
    const columns = await database.query(
      `select 1 from information_schema.columns where table_name = 'incidents' and column_name = 'half'`,
    );
    expect(columns).toEqual([]);
  });
});
