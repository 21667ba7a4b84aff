import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { cacheFolder } from '../src/cache-folder.ts';
import type { ServerName, StackEnvironment } from '../src/index.ts';
import { isRunning, type ProcessIdentity } from '../src/process-identity.ts';
import { listStates, readState, stateFileOf } from '../src/state-file.ts';

/** A stack of containers that another process started, and what must be gone after it. */
export interface HeldContainers {
  readonly parent: ChildProcess;
  readonly id: string;
  readonly guard: ProcessIdentity;
  readonly env: StackEnvironment;
  readonly containers: readonly HeldContainer[];
  readonly remains: () => string[];
}

export interface HeldContainer {
  readonly id: string;
  readonly server: ServerName;
  readonly image: string;
  /** Where its port is published. */
  readonly hostIps: readonly string[];
  /** That it brought with it. */
  readonly volumes: readonly string[];
}

/** Starts a process, in a group of its own, that starts a stack of containers and holds it. */
export async function holdContainers(...args: string[]): Promise<HeldContainers> {
  const parent = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      join(import.meta.dirname, 'fixtures', 'hold-stack.ts'),
      '--docker',
      ...args,
    ],
    { detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  parent.stderr.on('data', (chunk) => (said += String(chunk)));
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: parent.stdout }).once('line', resolve);
    parent.once('exit', (code, signal) => reject(new Error(`ended with ${code ?? signal}: ${said}`)));
  });
  const { env } = JSON.parse(line) as { env: StackEnvironment };
  const stacks = join(cacheFolder(process.env), 'stacks');
  const state = listStates(stacks)
    .map((id) => readState(stacks, id))
    .find((each) => each?.parent?.pid === parent.pid)!;
  const containers = inspect(idsOf(state.id));
  const volumes = new Set(containers.flatMap((each) => each.volumes));
  const remains = () => [
    ...(isRunning(state.guard!) ? [`process ${state.guard!.pid}`] : []),
    ...idsOf(state.id).map((id) => `container ${id}`),
    ...docker('volume', 'ls', '-q')
      .split('\n')
      .filter((volume) => volumes.has(volume))
      .map((volume) => `volume ${volume}`),
    ...[stateFileOf(stacks, state.id)].filter((file) => existsSync(file)),
  ];
  return { parent, id: state.id, guard: state.guard!, env, containers, remains };
}

function idsOf(stack: string): string[] {
  return docker('ps', '-aq', '--no-trunc', '--filter', `label=prodsentinel.stack=${stack}`)
    .split('\n')
    .filter(Boolean);
}

function inspect(ids: readonly string[]): HeldContainer[] {
  const found = JSON.parse(docker('inspect', ...ids)) as {
    Id: string;
    Config: { Image: string; Labels: Record<string, string> };
    NetworkSettings: { Ports: Record<string, { HostIp: string }[] | null> };
    Mounts: { Type: string; Name?: string }[];
  }[];
  return found.map(({ Id, Config, NetworkSettings, Mounts }) => ({
    id: Id,
    server: Config.Labels['prodsentinel.server'] as ServerName,
    image: Config.Image,
    hostIps: Object.values(NetworkSettings.Ports).flatMap((each) => (each ?? []).map(({ HostIp }) => HostIp)),
    volumes: Mounts.flatMap(({ Type, Name }) => (Type === 'volume' && Name ? [Name] : [])),
  }));
}

/** What it printed; throws what it said when it fails. */
export function docker(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('docker', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`docker ${args.join(' ')} exited ${status}: ${stderr}`);
  return stdout;
}
