import { execFile, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const images = ['apache/kafka:4.4.0', 'apicurio/apicurio-registry:3.0.9', 'redis:7.4.1', 'postgres:18.1'];

/** Why the tests in containers cannot run here; undefined when they can. */
export function whyNoContainers(): string | undefined {
  const engine = spawnSync('docker', ['info'], { encoding: 'utf8' });
  if (engine.error || engine.status !== 0) return 'no Docker engine answers';
  if (spawnSync('docker', ['compose', 'version']).status !== 0) return 'docker has no compose plugin';
  const missing = [...images, 'node:24.21.0-bookworm-slim'].filter(
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
    const [ingest, kafka, registry] = await freePorts(3);
    return new ComposeProject({
      ...process.env,
      ...settings,
      // Certificates that this machine needs to reach its package registry, as every Node program here is told of them.
      CA_FILE: process.env['CA_FILE'] ?? process.env['NODE_EXTRA_CA_CERTS'],
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

  /** How the containers of our own services ended, by name. */
  async exitCodes(): Promise<Record<string, number>> {
    const lines = (await this.run('ps', '-a', '--format', 'json')).trim().split('\n');
    const containers = lines.map(
      (line) => JSON.parse(line) as { Service: string; Name: string; ExitCode: number },
    );
    const ours = containers.filter(({ Service }) => ['ingest', 'analyzer', 'persister'].includes(Service));
    return Object.fromEntries(
      ours.map(({ Name, ExitCode }) => [Name.replace(`${this.#name}-`, ''), ExitCode]),
    );
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer();
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
