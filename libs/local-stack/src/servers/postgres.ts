import { access, chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDatabase } from '../create-database.ts';
import type { Account } from '../server-account.ts';
import type { PreparedServer, ServerContext } from '../server.ts';

const user = 'prodsentinel';
const database = 'prodsentinel';

/** PostgreSQL on loopback TCP only, with a password of its own. */
export async function preparePostgres(
  context: ServerContext,
  native: string,
  account: Account | undefined,
): Promise<PreparedServer> {
  const data = join(context.directory, 'data');
  const binary = (name: string) => join(native, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
  const password = await initialise(context, { data, initdb: binary('initdb'), account });
  const urlOf = (port: number | undefined, name: string) =>
    `postgres://${user}:${password}@127.0.0.1:${port}/${name}`;
  return {
    name: 'postgres',
    portCount: 1,
    program: ([port]) => ({
      name: 'postgres',
      command: binary('postgres'),
      args: [
        '-D',
        data,
        '-p',
        String(port),
        '-c',
        'listen_addresses=127.0.0.1',
        '-c',
        'unix_socket_directories=',
        // Several services, their tests and a user's own tools.
        '-c',
        'max_connections=200',
      ],
      cwd: data,
      env: context.env,
      account,
      logFile: join(context.directory, 'postgres.log'),
    }),
    url: ([port]) => urlOf(port, database),
    // Fast and immediate shutdown: SIGKILL would leave shared memory behind.
    signals: { gracefully: 'SIGINT', atOnce: 'SIGQUIT' },
    afterStart: ([port]) => createDatabase(urlOf(port, 'postgres'), database),
  };
}

/** Creates the cluster where there is none; returns the password, which is kept beside the data. */
async function initialise(
  context: ServerContext,
  { data, initdb, account }: { data: string; initdb: string; account: Account | undefined },
): Promise<string> {
  const passwordFile = join(context.directory, 'password');
  const isComplete = await access(join(context.directory, 'initialised')).then(
    () => true,
    () => false,
  );
  if (isComplete) return (await readFile(passwordFile, 'utf8')).trim();
  // A start that was killed half-way: initdb refuses a folder that holds something.
  await rm(data, { recursive: true, force: true });
  await mkdir(data, { recursive: true, mode: 0o700 });
  const password = context.newSecret();
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (account) {
    await chown(data, account.uid, account.gid);
    await chown(passwordFile, account.uid, account.gid);
  }
  await context.run({
    name: 'initdb',
    command: initdb,
    args: [
      `--pgdata=${data}`,
      `--username=${user}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      // The same order and letters on every platform, whatever its locales.
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      ...(context.keepsData ? [] : ['--no-sync']),
    ],
    cwd: data,
    account,
    logFile: join(context.directory, 'initdb.log'),
  });
  await writeFile(join(context.directory, 'initialised'), '');
  return password;
}
