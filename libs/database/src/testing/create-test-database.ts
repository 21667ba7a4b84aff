import { randomUUID } from 'node:crypto';
import { openDatabase } from '../open-database.ts';
import { migrateUp } from '../migrate.ts';

export interface TestDatabaseOptions {
  /** Without tables. */
  readonly isEmpty?: boolean;
  /** Default: the one that DATABASE_URL names. */
  readonly server?: string | undefined;
  /** Default: the server's own. */
  readonly tablespace?: string;
}

export interface TestDatabase {
  readonly url: string;
  /** Removes it, whoever is still connected. */
  readonly drop: () => Promise<void>;
}

/**
 * A database of its own: migrated, or empty when asked for.
 *
 * @throws Error when neither the options nor DATABASE_URL name a server
 */
export async function createTestDatabase({
  isEmpty = false,
  server = process.env['DATABASE_URL'],
  tablespace = 'pg_default',
}: TestDatabaseOptions = {}): Promise<TestDatabase> {
  if (!server) throw new Error('DATABASE_URL is not set: these tests need a PostgreSQL');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await administer(server, `create database ${name} tablespace ${tablespace}`);
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
