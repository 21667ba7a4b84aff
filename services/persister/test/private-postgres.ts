import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, readlink, rm, stat } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openDatabase } from '@prodsentinel/database';
import { delay, isAppError } from '@prodsentinel/kernel';

/** Whose processes and files PostgreSQL's are: it refuses to run as root. */
interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** The binaries of the shared PostgreSQL, and the account that it runs as. */
interface Installation {
  readonly binaries: string;
  readonly account: Account;
}

/** A PostgreSQL of one test alone, which may be filled, starved and killed. Linux only: its binaries are found in /proc. */
export class PrivatePostgres {
  readonly port: number;
  readonly #installation: Installation;
  readonly #directory: string;
  readonly #server: ChildProcess;

  private constructor(installation: Installation, directory: string, port: number) {
    this.#installation = installation;
    this.#directory = directory;
    this.port = port;
    this.#server = spawn(
      join(installation.binaries, 'postgres'),
      [
        `-D${join(directory, 'data')}`,
        `-p${port}`,
        '-clisten_addresses=127.0.0.1',
        '-cunix_socket_directories=',
        '-cmax_connections=30',
      ],
      { ...installation.account, cwd: directory, stdio: 'ignore' },
    );
  }

  get account(): Account {
    return this.#installation.account;
  }

  get url(): string {
    return urlAt(this.port);
  }

  static async start(): Promise<PrivatePostgres> {
    const installation = await findInstallation();
    const directory = await createFolder(installation.account, 'private-postgres-');
    await run(join(installation.binaries, 'initdb'), installation.account, [
      `--pgdata=${join(directory, 'data')}`,
      '--username=prodsentinel',
      '--auth=trust',
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
    ]);
    return PrivatePostgres.#launch(installation, directory);
  }

  /** Ends it as a crash would and starts a copy of what it left, on another port. */
  async failOver(): Promise<PrivatePostgres> {
    await this.#end();
    const directory = await createFolder(this.account, 'private-postgres-');
    await run('cp', this.account, ['-a', join(this.#directory, 'data'), directory]);
    await rm(join(directory, 'data', 'postmaster.pid'), { force: true });
    return PrivatePostgres.#launch(this.#installation, directory);
  }

  async close(): Promise<void> {
    await this.#end();
    await rm(this.#directory, { recursive: true, force: true });
  }

  static async #launch(installation: Installation, directory: string): Promise<PrivatePostgres> {
    const launched = new PrivatePostgres(installation, directory, await findFreePort());
    await launched.#untilReady();
    return launched;
  }

  async #untilReady(): Promise<void> {
    while (this.#server.exitCode === null) {
      try {
        const database = await openDatabase({ url: this.url, applicationName: 'readiness', poolSize: 1 });
        return await database.close();
      } catch (error) {
        if (!isAppError(error) || error.code !== 'unavailable') throw error;
        await delay(50);
      }
    }
    throw new Error(`PostgreSQL ended at its start with code ${this.#server.exitCode}`);
  }

  /** At once and without a checkpoint; unlike SIGKILL it leaves no shared memory behind. */
  async #end(): Promise<void> {
    if (this.#server.exitCode !== null || this.#server.signalCode !== null) return;
    const exited = once(this.#server, 'exit');
    this.#server.kill('SIGQUIT');
    await exited;
  }
}

/** A new folder that PostgreSQL's account owns. */
export async function createFolder({ uid, gid }: Account, prefix: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), prefix));
  await chown(directory, uid, gid);
  return directory;
}

/** Runs a program to its end. */
export async function run(
  command: string,
  account: Partial<Account>,
  args: readonly string[],
): Promise<void> {
  const child = spawn(command, args, { ...account, cwd: '/', stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with code ${code}`);
}

/** The connection of a test leads to a process, the process to its binary, its folder to the owner. */
async function findInstallation(): Promise<Installation> {
  const database = await openDatabase({
    url: process.env['DATABASE_URL'] ?? '',
    applicationName: 'installation',
    poolSize: 1,
  });
  try {
    const [server] = await database.query<{ pid: number; data: string }>(
      `select pg_backend_pid() as pid, current_setting('data_directory') as data`,
    );
    const { uid, gid } = await stat(server?.data ?? '');
    return { binaries: dirname(await readlink(`/proc/${server?.pid}/exe`)), account: { uid, gid } };
  } finally {
    await database.close();
  }
}

function urlAt(port: number): string {
  return `postgresql://prodsentinel@127.0.0.1:${port}/postgres`;
}

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
