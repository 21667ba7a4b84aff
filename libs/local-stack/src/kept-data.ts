import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@prodsentinel/kernel';
import { serverNames, type StackData } from './stack.ts';

/** The servers whose data are in a volume; the schemas of the registry are in PostgreSQL. */
export const volumeServers = ['kafka', 'redis', 'postgres'] as const;
export type VolumeServer = (typeof volumeServers)[number];

/** What a kept directory says of its data when they are in volumes of a Docker engine. */
export interface VolumesMarker {
  /** The address of the engine that has them. */
  readonly engine: string;
  readonly volumes: Readonly<Record<VolumeServer, string>>;
  /** Of PostgreSQL, which took it when its data came to be. */
  readonly password: string;
}

export function markerOf(directory: string): string {
  return join(directory, 'docker-volumes.json');
}

/** Names volumes whose servers have not all answered yet: they hold nothing that anybody was promised. */
export function beginningOf(directory: string): string {
  return join(directory, 'docker-volumes.starting.json');
}

/** Says which volumes are about to be made. The directory is not bound to them before `confirmBeginning`. */
export function writeBeginning(directory: string, marker: VolumesMarker): void {
  writeWhole(beginningOf(directory), marker);
}

/** Binds the directory to the volumes of its beginning; nothing when it has none. */
export function confirmBeginning(directory: string): void {
  if (existsSync(beginningOf(directory))) renameSync(beginningOf(directory), markerOf(directory));
}

export function forgetBeginning(directory: string): void {
  rmSync(beginningOf(directory), { force: true });
}

/** Binds the directory to volumes. */
export function writeMarker(directory: string, marker: VolumesMarker): void {
  writeWhole(markerOf(directory), marker);
}

/** For this user only. */
function writeWhole(file: string, marker: VolumesMarker): void {
  const draft = `${file}.draft`;
  writeFileSync(draft, `${JSON.stringify(marker, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}

/**
 * @throws AppError `invalid_input` naming the file when it does not name volumes
 * @returns undefined when the directory was not used with Docker
 */
export function readMarker(directory: string): VolumesMarker | undefined {
  return readVolumes(markerOf(directory));
}

/**
 * @throws AppError `invalid_input` naming the file when it does not name volumes
 * @returns undefined when no start with Docker is under way or was cut off
 */
export function readBeginning(directory: string): VolumesMarker | undefined {
  return readVolumes(beginningOf(directory));
}

function readVolumes(file: string): VolumesMarker | undefined {
  if (!existsSync(file)) return undefined;
  let marker: Partial<VolumesMarker>;
  try {
    marker = JSON.parse(readFileSync(file, 'utf8')) as Partial<VolumesMarker>;
  } catch (cause) {
    throw new AppError('invalid_input', `${file} cannot be read as JSON`, { cause });
  }
  const { engine, volumes, password } = marker ?? {};
  const isWhole =
    [engine, password].every((each) => typeof each === 'string') &&
    volumeServers.every((name) => typeof volumes?.[name] === 'string');
  if (isWhole) return marker as VolumesMarker;
  throw new AppError('invalid_input', `${file} does not name the volumes of a stack`);
}

/** What the servers ran in that left data in a kept directory, which no other kind can use; undefined while it has none. */
export function ownerOf(data: StackData | undefined): 'docker' | 'processes' | undefined {
  if (data?.kind !== 'kept') return undefined;
  if (existsSync(markerOf(data.directory))) return 'docker';
  return serverNames.some((name) => holdsAnything(join(data.directory, name))) ? 'processes' : undefined;
}

function holdsAnything(folder: string): boolean {
  const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return isFolder && readdirSync(folder).length > 0;
}

/**
 * @throws AppError `configuration` when the data in a kept directory are of the other kind of servers
 */
export function checkOwner(data: StackData | undefined, source: 'docker' | 'processes'): void {
  const owner = ownerOf(data);
  if (data?.kind !== 'kept' || !owner || owner === source) return;
  throw new AppError(
    'configuration',
    owner === 'docker'
      ? `${describeVolumes(data.directory)}, which child processes cannot use: choose another directory`
      : `${data.directory} holds data of child processes, which containers cannot use: choose another directory`,
  );
}

/** Where the data of a directory that was used with Docker are. */
export function describeVolumes(directory: string): string {
  const marker = readMarker(directory);
  const names = Object.values(marker?.volumes ?? {}).join(', ');
  return `the data of ${directory} is in volumes of the Docker engine at ${marker?.engine} (${names})`;
}
