import { createHash, randomBytes } from 'node:crypto';
import { AppError } from '@prodsentinel/kernel';
import { markerOf, readMarker, volumeServers, writeMarker, type VolumesMarker } from '../kept-data.ts';
import type { Engine } from './engine.ts';
import { serverLabel } from './remove-containers.ts';

/** Carried by every volume of kept data, with the directory that it was made for. */
export const directoryLabel = 'prodsentinel.directory';

/**
 * The volumes of a kept directory; they are made, and named in the directory, where it has none yet.
 *
 * @param directory existing, without links on its way
 * @throws AppError `conflict` when the directory and the engine disagree on whether there are any: beginning empty beside
 *   data, or with a password that the data do not know, is not what anybody wants
 */
export async function obtainVolumes(engine: Engine, directory: string): Promise<VolumesMarker> {
  const { dockerode } = engine.client.container;
  const { Volumes } = await dockerode.listVolumes();
  const existing = new Set(Volumes.map(({ Name }) => Name));
  const marker = readMarker(directory);
  const named = marker ?? newMarker(engine.address, directory);
  const names = Object.values(named.volumes);
  const file = markerOf(directory);
  const found = names.filter((name) => existing.has(name));
  if (marker) {
    if (found.length === names.length) {
      await requireUnused(engine, names, file);
      return marker;
    }
    const missing = names.filter((name) => !existing.has(name)).join(', ');
    throw new AppError(
      'conflict',
      `${file} says that the data is in the Docker engine at ${marker.engine}, and the engine at ${engine.address} has no ` +
        `volume ${missing}: use that engine, or remove ${file} to begin anew`,
    );
  }
  if (found.length > 0) {
    throw new AppError(
      'conflict',
      `volumes with data of an earlier ${directory} are left, and ${file}, which had their password, is gone: put it back, ` +
        `or begin anew with docker volume rm ${found.join(' ')}`,
    );
  }
  for (const server of volumeServers) {
    await dockerode.createVolume({
      Name: named.volumes[server],
      Labels: { [directoryLabel]: directory, [serverLabel]: server },
    });
  }
  writeMarker(directory, named);
  return named;
}

/**
 * A copy of the directory, or a machine inside of a container beside its host, names the same volumes and knows nothing of the
 * other stack; PostgreSQL does not notice either, being process 1 in each of its containers.
 */
async function requireUnused(engine: Engine, volumes: readonly string[], file: string): Promise<void> {
  const { dockerode } = engine.client.container;
  const users = await dockerode.listContainers({ filters: { volume: [...volumes] } });
  if (users.length === 0) return;
  const ids = users.map(({ Id }) => Id.slice(0, 12)).join(' ');
  throw new AppError(
    'conflict',
    `the volumes that ${file} names are in use by running containers: stop their stack, or docker rm -f ${ids}`,
  );
}

function newMarker(engine: string, directory: string): VolumesMarker {
  const hash = createHash('sha256').update(directory).digest('hex').slice(0, 12);
  return {
    engine,
    volumes: {
      kafka: `prodsentinel-${hash}-kafka`,
      redis: `prodsentinel-${hash}-redis`,
      postgres: `prodsentinel-${hash}-postgres`,
    },
    password: randomBytes(18).toString('base64url'),
  };
}
