import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from '@jest/globals';
import { listIncidents, showIncident, type IncidentDetails } from '@prodsentinel/database';
import { snippet } from '../../services/ingest/test/document-snippets.ts';
import type { WholeSystem } from './whole-system.ts';

const root = join(import.meta.dirname, '..', '..');

/** Whom a program of docs/sending.md is told to send to, and who it is: by OpenTelemetry's own variables. */
interface Told {
  readonly endpoint: string;
  readonly service: string;
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

/** Waits until both are analysed, and looks whether they are one incident with everything that was sent. */
export async function expectOneIncident(
  whole: WholeSystem,
  { service, exceptionType, frame }: { service: string; exceptionType: string; frame: string },
): Promise<void> {
  const incident = await incidentOfTwoFailures(whole, service);
  expect(incident).toMatchObject({
    environment: 'production',
    title: expect.stringContaining(`${exceptionType}: card expired`),
    services: [service],
    releases: [`${service}@1.2.3`],
    failureCount: 2,
    traceCount: 1,
    analysis: { source: 'rules', suspectedService: service },
  });
  const { traceId } = incident.traces[0]!;
  const stack = expect.stringContaining(frame);
  expect(incident.evidence.length).toBeGreaterThan(0);
  for (const signal of incident.evidence) {
    expect(signal).toMatchObject({ exceptionType, stack, release: '1.2.3', traceId });
  }
}

async function incidentOfTwoFailures(whole: WholeSystem, service: string): Promise<IncidentDetails> {
  await whole.untilTrue(
    `select sum(failure_count) >= 2 and bool_and(current_analysis_id is not null) from incidents
    where '${service}' = any(services)`,
  );
  const { incidents } = await listIncidents(whole.database, { service });
  expect(incidents).toHaveLength(1);
  return (await showIncident(whole.database, incidents[0]!.id))!;
}

function toEnv({ endpoint, service }: Told): NodeJS.ProcessEnv {
  const variables = snippet('opentelemetry-environment').matchAll(/(OTEL_\w+)=(\S+)/g);
  return {
    PATH: process.env['PATH'],
    ...Object.fromEntries([...variables].map(([, name, value]) => [name, value])),
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_SERVICE_NAME: service,
  };
}

async function run(command: string, args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'], env });
  const [said, [exitCode]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  expect({ exitCode, said: exitCode === 0 ? '' : said }).toEqual({ exitCode: 0, said: '' });
}
