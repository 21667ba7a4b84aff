import { randomUUID } from 'node:crypto';
import { openDatabase } from '../src/index.ts';

/** An empty database of its own in the server that DATABASE_URL names; `drop` removes it. */
export async function createTestDatabase(): Promise<{ url: string; drop: () => Promise<void> }> {
  const server = process.env['DATABASE_URL'];
  if (!server) throw new Error('DATABASE_URL is not set: these tests need a PostgreSQL');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const administer = async (sql: string) => {
    const database = await openDatabase({ url: server, applicationName: 'test-administration', poolSize: 1 });
    try {
      await database.query(sql);
    } finally {
      await database.close();
    }
  };
  await administer(`create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => administer(`drop database ${name} with (force)`) };
}
