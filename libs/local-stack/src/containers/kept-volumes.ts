import { createHash, randomBytes } from 'node:crypto';
import { AppError } from '@prodsentinel/kernel';
import {
  beginningOf,
  forgetBeginning,
  markerOf,
  readBeginning,
  readMarker,
  volumeServers,
  writeBeginning,
  type VolumesMarker,
} from '../kept-data.ts';
import { askEngine, type Engine } from './engine.ts';
import { serverLabel } from './remove-containers.ts';

/** Carried by every volume of kept data, with the directory that it was made for. */
export const directoryLabel = 'prodsentinel.directory';

/**
 * The volumes of a kept directory; they are made where it has none yet, and named in it as a beginning, which whoever
 * calls confirms when their servers have answered, or takes back.
 *
 * @param directory existing, without links on its way
 * @throws AppError `conflict` when the directory and the engine disagree on whether there are any: beginning empty beside
 *   data, or with a password that the data do not know, is not what anybody wants; `unavailable` when the engine refuses
 */
export async function obtainVolumes(engine: Engine, directory: string): Promise<VolumesMarker> {
  const marker = readMarker(directory);
  if (marker) {
    await requireAll(engine, marker, directory);
    await requireUnused(engine, marker, markerOf(directory));
    return marker;
  }
  await takeBackBeginning(engine, directory);
  const named = newMarker(engine.address, directory);
  await requireNone(engine, named, directory);
  writeBeginning(directory, named);
  await askEngine(() => makeVolumes(engine, named, directory));
  return named;
}

/**
 * Removes the volumes of a start that never came to its end: nobody was told of servers that could have been written to.
 *
 * @throws AppError `conflict` when running containers use them, `unavailable` when the engine is another or refuses
 */
export async function takeBackBeginning(engine: Engine, directory: string): Promise<void> {
  const begun = readBeginning(directory);
  if (!begun) return;
  if (begun.engine !== engine.address) {
    throw new AppError(
      'unavailable',
      `${beginningOf(directory)} names volumes of a start that was cut off in the Docker engine at ${begun.engine}, and the ` +
        `one that answers is at ${engine.address}: use that engine, or remove the file`,
    );
  }
  await requireUnused(engine, begun, beginningOf(directory));
  const existing = await existingOf(engine, begun);
  const { dockerode } = engine.client.container;
  await askEngine(() => Promise.all(existing.map((name) => dockerode.getVolume(name).remove())));
  forgetBeginning(directory);
}

async function requireAll(engine: Engine, marker: VolumesMarker, directory: string): Promise<void> {
  const existing = await existingOf(engine, marker);
  const missing = Object.values(marker.volumes).filter((name) => !existing.includes(name));
  if (missing.length === 0) return;
  const file = markerOf(directory);
  throw new AppError(
    'conflict',
    `${file} says that the data is in the Docker engine at ${marker.engine}, and the engine at ${engine.address} has no ` +
      `volume ${missing.join(', ')}: use that engine, or remove ${file} to begin anew`,
  );
}

async function requireNone(engine: Engine, named: VolumesMarker, directory: string): Promise<void> {
  const existing = await existingOf(engine, named);
  if (existing.length === 0) return;
  throw new AppError(
    'conflict',
    `volumes with data of an earlier ${directory} are left, and ${markerOf(directory)}, which had their password, is gone: ` +
      `put it back, or begin anew with docker volume rm ${existing.join(' ')}`,
  );
}

/** Which of the named volumes the engine has. */
async function existingOf(engine: Engine, { volumes }: VolumesMarker): Promise<string[]> {
  const { Volumes } = await askEngine(() => engine.client.container.dockerode.listVolumes());
  const existing = new Set(Volumes.map(({ Name }) => Name));
  return Object.values(volumes).filter((name) => existing.has(name));
}

async function makeVolumes(engine: Engine, { volumes }: VolumesMarker, directory: string): Promise<void> {
  for (const server of volumeServers) {
    await engine.client.container.dockerode.createVolume({
      Name: volumes[server],
      Labels: { [directoryLabel]: directory, [serverLabel]: server },
    });
  }
}

/**
 * A copy of the directory, or a machine inside of a container beside its host, names the same volumes and knows nothing of the
 * other stack; PostgreSQL does not notice either, being process 1 in each of its containers.
 */
async function requireUnused(engine: Engine, { volumes }: VolumesMarker, file: string): Promise<void> {
  const { dockerode } = engine.client.container;
  const users = await askEngine(() =>
    dockerode.listContainers({ filters: { volume: Object.values(volumes) } }),
  );
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
