import { openDatabase, type Database } from '@prodsentinel/database';
import { readSettings } from '@prodsentinel/process';
import type { ConsoleContext } from './console-context.ts';
import { databaseSettings } from './settings.ts';

/**
 * Opens the database that the environment names, works with it and closes it.
 *
 * @throws AppError `configuration` when DATABASE_URL is missing or malformed, `unavailable`, or what `work` throws
 */
export async function withDatabase<T>(
  env: ConsoleContext['env'],
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const { DATABASE_URL: url } = readSettings(databaseSettings, env);
  const database = await openDatabase({ url, applicationName: 'prodsentinel-cli', poolSize: 2 });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}
