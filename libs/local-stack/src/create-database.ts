import pg from 'pg';

/**
 * Creates a database where there is none of that name.
 *
 * @param url of another database of the server, by a user who may create some
 * @param name as it is in SQL: of ours, never of a user's
 */
export async function createDatabase(url: string, name: string): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    query_timeout: 5_000,
  });
  // The rejection of connect or query tells the reason.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
    if (rowCount === 0) await client.query(`create database ${name}`);
  } finally {
    await client.end();
  }
}
