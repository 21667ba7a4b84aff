import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { findFreePorts } from '@prodsentinel/local-stack';
import { snippet } from '../document-snippets.ts';

export interface RunningCollector {
  /** Where it takes OTLP over HTTP. */
  readonly url: string;
  /** Waits until it has said this. */
  untilLogged(part: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a Collector with the configuration of docs/sending.md, on a port of its own. */
export async function startCollector(
  binary: string,
  { ingestUrl, token }: { ingestUrl: string; token?: string },
): Promise<RunningCollector> {
  const folder = await mkdtemp(join(tmpdir(), 'prodsentinel-collector-'));
  const [port] = await findFreePorts(1);
  const endpoint = `127.0.0.1:${port}`;
  await writeFile(join(folder, 'documented.yaml'), snippet('collector'));
  const local = [
    `receivers: { otlp: { protocols: { http: { endpoint: '${endpoint}' } } } }`,
    'service: { telemetry: { metrics: { level: none } } }',
    ...(token ? ["exporters: { otlp_http: { headers: { authorization: 'Bearer ${env:TOKEN}' } } }"] : []),
  ];
  await writeFile(join(folder, 'local.yaml'), local.join('\n'));
  const env = { INGEST_URL: ingestUrl, TOKEN: token ?? '' };
  const args = ['documented.yaml', 'local.yaml'].flatMap((name) => ['--config', name]);
  const child = spawn(binary, args, { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  const log = new Log();
  createInterface({ input: child.stderr }).on('line', (line) => log.add(line));
  void exited.then(() => log.end(`the Collector ended with code ${child.exitCode}`));
  await log.until('Everything is ready');
  return {
    url: `http://${endpoint}`,
    untilLogged: (part) => log.until(part),
    async stop() {
      child.kill('SIGKILL');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The lines of a process, to be waited for. */
class Log {
  readonly #lines: string[] = [];
  #end: string | undefined;
  #changed = Promise.withResolvers<void>();

  add(line: string): void {
    this.#lines.push(line);
    this.#wake();
  }

  end(reason: string): void {
    this.#end = reason;
    this.#wake();
  }

  async until(part: string): Promise<void> {
    while (!this.#lines.some((line) => line.includes(part))) {
      if (this.#end !== undefined) throw new Error(`${this.#end}:\n${this.#lines.slice(-20).join('\n')}`);
      await this.#changed.promise;
    }
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
