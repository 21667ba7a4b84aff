import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, fillCache, findOnPath, type Artifact } from '@prodsentinel/local-stack';

const run = promisify(execFile);
/** OpenTelemetry's SDK for Python with its exporter. */
export const pythonSdk = [
  'opentelemetry-sdk==1.45.2',
  'opentelemetry-exporter-otlp-proto-http==1.45.2',
] as const;

const builderModule = 'go.opentelemetry.io/collector/cmd/builder@v0.165.0';

/** A client that is not ours: where it is, or why it cannot be had here. */
export type Installed = { readonly path: string } | { readonly missing: string };

export function isInstalled(program: string): boolean {
  return findOnPath(program, process.env) !== undefined;
}

/** Python packages in a folder of their own, for `PYTHONPATH`; kept between runs. */
export async function installPythonPackages(...pinned: readonly string[]): Promise<Installed> {
  if (!isInstalled('python3')) return { missing: 'no python3' };
  const { stdout: version } = await run('python3', ['--version']);
  const recipe = [process.platform, process.arch, version, ...pinned].join(' ');
  return install({ name: 'python-packages', recipe }, async (draft) => {
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', draft];
    await run('python3', [...pip, ...pinned], { timeout: 120_000 });
  });
}

/** Kafka's own client for Java and what it needs, as a class path. */
export async function installJavaClient(): Promise<Installed> {
  if (!isInstalled('java') || !isInstalled('mvn')) return { missing: 'no java with Maven' };
  const recipe = `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
    <groupId>prodsentinel</groupId><artifactId>clients</artifactId><version>1</version><packaging>pom</packaging>
    <dependencies><dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-clients</artifactId>
    <version>4.4.0</version></dependency></dependencies></project>`;
  const folder = await install({ name: 'kafka-clients', recipe }, async (draft) => {
    await writeFile(join(draft, 'pom.xml'), recipe);
    const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';
    const args = ['-q', '-B', `${plugin}:copy-dependencies`, `-DoutputDirectory=${draft}`];
    await run('mvn', args, { cwd: draft, timeout: 120_000 });
  });
  return 'path' in folder ? { path: join(folder.path, '*') } : folder;
}

/** An OpenTelemetry Collector, made by its own builder from Go modules; kept between runs. Takes minutes. */
export async function buildCollector(): Promise<Installed> {
  if (!isInstalled('go')) return { missing: 'no go' };
  const config = readFileSync(join(import.meta.dirname, 'collector', 'builder.yaml'), 'utf8');
  const recipe = [process.platform, process.arch, builderModule, config].join('\n');
  const folder = await install({ name: 'otelcol', recipe }, async (draft) => {
    await writeFile(join(draft, 'builder.yaml'), config);
    const args = ['run', builderModule, '--config', 'builder.yaml'];
    await run('go', args, { cwd: draft, timeout: 420_000 });
  });
  return 'path' in folder ? { path: join(folder.path, 'build', 'otelcol') } : folder;
}

async function install(artifact: Artifact, fill: (draft: string) => Promise<void>): Promise<Installed> {
  try {
    return { path: await fillCache(join(cacheFolder(process.env), 'clients'), artifact, fill) };
  } catch (error) {
    // Maven says on standard output what went wrong.
    const { message, stderr, stdout } = error as Error & { stderr?: string; stdout?: string };
    const reason = (stderr || stdout || message).trim().split('\n').at(-1)!;
    return { missing: `${artifact.name} cannot be had here: ${reason}` };
  }
}
