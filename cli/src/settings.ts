import { setting } from '@prodsentinel/process';

/** What commands that read or migrate the database need. */
export const databaseSettings = {
  DATABASE_URL: setting.url('PostgreSQL, postgresql://USER:PASSWORD@HOST:PORT/NAME', [
    'postgresql:',
    'postgres:',
  ]),
};
