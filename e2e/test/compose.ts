import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { containerImages, findFreePorts } from '@prodsentinel/local-stack';

const root = join(import.meta.dirname, '..', '..');

/** Why the tests in containers cannot run here; undefined when they can. */
export function whyNoContainers(): string | undefined {
  const engine = spawnSync('docker', ['info'], { encoding: 'utf8' });
  if (engine.error || engine.status !== 0) return 'no Docker engine answers';
  if (spawnSync('docker', ['compose', 'version']).status !== 0) return 'docker has no compose plugin';
  const missing = [...Object.values(containerImages), 'node:24.21.0-bookworm-slim'].filter(
    (image) => spawnSync('docker', ['image', 'inspect', image]).status !== 0,
  );
  return missing.length > 0 ? `images are not here: ${missing.join(', ')}` : undefined;
}

/** One compose project with ports of its own. */
export class ComposeProject {
  readonly #name = `prodsentinel-e2e-${process.pid}`;
  readonly #env: Record<string, string | undefined>;

  private constructor(env: Record<string, string | undefined>) {
    this.#env = env;
  }

  static async create(settings: Record<string, string>): Promise<ComposeProject> {
    const [ingest, kafka, registry] = await findFreePorts(3);
    return new ComposeProject({
      ...process.env,
      // Certificates that this machine needs to reach its package registry, as every Node program here is told of them.
      CA_FILE: process.env['CA_FILE'] ?? process.env['NODE_EXTRA_CA_CERTS'],
      ...settings,
      INGEST_PORT: String(ingest),
      KAFKA_PORT: String(kafka),
      REGISTRY_PORT: String(registry),
    });
  }

  get ingestUrl(): string {
    return `http://127.0.0.1:${this.#env['INGEST_PORT']}`;
  }

  get brokers(): string[] {
    return [`127.0.0.1:${this.#env['KAFKA_PORT']}`];
  }

  get registryUrl(): string {
    return `http://127.0.0.1:${this.#env['REGISTRY_PORT']}/apis/ccompat/v7`;
  }

  /** Standard output of `docker compose ARGS`; rejects with what it said when it fails. */
  async run(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await this.tryRun(...args);
    if (status !== 0) throw new Error(`docker compose ${args.join(' ')} exited ${status}:\n${stderr}`);
    return stdout;
  }

  tryRun(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
    const options = { cwd: root, env: this.#env, maxBuffer: 64 * 1024 * 1024 };
    return new Promise((resolve) => {
      const child = execFile(
        'docker',
        ['compose', '-p', this.#name, ...args],
        options,
        (_error, stdout, stderr) => resolve({ status: child.exitCode ?? 1, stdout, stderr }),
      );
    });
  }

  /** The first column of the first row of a query. */
  async query(sql: string): Promise<string> {
    const psql = ['psql', '-h', '127.0.0.1', '-U', 'prodsentinel', '-tAc', sql];
    return (await this.run('exec', '-T', 'postgres', ...psql)).trim();
  }

  /** What the engine knows of the containers of these services, stopped ones included. */
  async inspect(...services: string[]): Promise<InspectedContainer[]> {
    const ids = (await this.run('ps', '-aq', ...services)).split('\n').filter(Boolean);
    return JSON.parse(await docker('inspect', ...ids)) as InspectedContainer[];
  }

  /** Records every container of this project that ends from now on, those that are scaled away included. */
  watchEnds(): EndedContainers {
    return new EndedContainers(this.#name);
  }
}

/** What `docker inspect` says of a container, as far as the tests look. */
export interface InspectedContainer {
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly StartedAt: string;
    readonly FinishedAt: string;
    readonly Health?: { readonly Status: string; readonly Log: readonly { readonly Output: string }[] };
  };
  readonly Config: {
    readonly User: string;
    readonly Env: readonly string[];
    /** Seconds. */
    readonly StopTimeout: number;
    readonly Labels: Readonly<Record<string, string>>;
  };
  readonly HostConfig: { readonly ReadonlyRootfs: boolean };
}

/** `SERVICE exit code` of each container that ended, told by the engine as it happens. */
export class EndedContainers {
  readonly #events: ChildProcess;
  readonly #ends: string[] = [];

  constructor(project: string) {
    const format = '{{index .Actor.Attributes "com.docker.compose.service"}} {{.Actor.Attributes.exitCode}}';
    const filters = ['event=die', `label=com.docker.compose.project=${project}`];
    this.#events = spawn(
      'docker',
      ['events', '--format', format, ...filters.flatMap((filter) => ['--filter', filter])],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    createInterface({ input: this.#events.stdout! }).on('line', (line) => this.#ends.push(line));
  }

  of(service: string): string[] {
    return this.#ends.filter((end) => end.startsWith(`${service} `));
  }

  stop(): void {
    this.#events.kill();
  }
}

/** Standard output of `docker ARGS`; rejects with what it said when it fails. */
export function docker(...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('docker', args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
  });
}
