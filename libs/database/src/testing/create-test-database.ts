import { randomUUID } from 'node:crypto';
import { openDatabase } from '../open-database.ts';
import { migrateUp } from '../migrate.ts';

export interface TestDatabase {
  readonly url: string;
  /** Removes it, whoever is still connected. */
  readonly drop: () => Promise<void>;
}

/**
 * A database of its own in the server that DATABASE_URL names: migrated, or empty when asked for.
 *
 * @throws Error when DATABASE_URL is not set
 */
export async function createTestDatabase({ isEmpty = false } = {}): Promise<TestDatabase> {
  const server = process.env['DATABASE_URL'];
  if (!server) throw new Error('DATABASE_URL is not set: these tests need a PostgreSQL');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await administer(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  if (!isEmpty) await migrateUp(url.href);
  return { url: url.href, drop: () => administer(server, `drop database if exists ${name} with (force)`) };
}

async function administer(url: string, sql: string): Promise<void> {
  const database = await openDatabase({ url, applicationName: 'test-administration', poolSize: 1 });
  try {
    await database.query(sql);
  } finally {
    await database.close();
  }
}
