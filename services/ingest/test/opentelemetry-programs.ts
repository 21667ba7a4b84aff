import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from '@jest/globals';
import { snippet } from './document-snippets.ts';

const root = join(import.meta.dirname, '..', '..', '..');

/** Whom a program of docs/sending.md is told to send to, and who it is: by OpenTelemetry's own variables. */
export interface Told {
  readonly endpoint: string;
  readonly service: string;
  readonly token?: string;
}

/** Runs the program for OpenTelemetry's SDK for Node: one failure, as a log record and as a span. */
export function runNodeProgram(told: Told): Promise<void> {
  return run(process.execPath, ['--input-type=module', '--eval', snippet('opentelemetry-node')], toEnv(told));
}

/** The same for Python. `packages`: the folder that its packages are in. */
export async function runPythonProgram(packages: string, told: Told): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'prodsentinel-python-'));
  try {
    // From a file, as a program is: then its stack traces have lines.
    const program = join(folder, 'shop.py');
    await writeFile(program, snippet('opentelemetry-python'));
    await run('python3', [program], { ...toEnv(told), PYTHONPATH: packages });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function toEnv({ endpoint, service, token }: Told): NodeJS.ProcessEnv {
  const variables = snippet('opentelemetry-environment').matchAll(/(OTEL_\w+)=(\S+)/g);
  return {
    PATH: process.env['PATH'],
    ...Object.fromEntries([...variables].map(([, name, value]) => [name, value])),
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_SERVICE_NAME: service,
    ...(token ? { OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Bearer%20${token}` } : {}),
  };
}

async function run(command: string, args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'], env });
  const [said, [exitCode]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  expect({ exitCode, said: exitCode === 0 ? '' : said }).toEqual({ exitCode: 0, said: '' });
}
