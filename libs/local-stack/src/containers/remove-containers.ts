import { AppError } from '@prodsentinel/kernel';
import type { ServerName } from '../stack.ts';
import { findEngine, type Engine } from './engine.ts';

/** Carried by every container, with the server's name. */
export const serverLabel = 'prodsentinel.server';

/** Carried by every container and network of a stack, with the stack's id. */
export const stackLabel = 'prodsentinel.stack';

/**
 * Ends and removes the containers of a stack, with the volumes that came with them, and its network. Named volumes stay.
 *
 * @param address of the engine they were started in
 * @throws AppError `unavailable` when that engine does not answer
 */
export async function removeContainers(id: string, address: string): Promise<void> {
  const { dockerode } = (await findEngineAt(address)).client.container;
  const filters = { label: [`${stackLabel}=${id}`] };
  const containers = await dockerode.listContainers({ all: true, filters });
  await Promise.all(
    // Gone, or another is removing it, which its own waiting sees through.
    containers.map(({ Id }) =>
      unless([404, 409], () => dockerode.getContainer(Id).remove({ force: true, v: true })),
    ),
  );
  const networks = await dockerode.listNetworks({ filters });
  await Promise.all(networks.map(({ Id }) => unless([404], () => dockerode.getNetwork(Id).remove())));
}

/**
 * Ends the servers of a stack as they like to be ended, so that their data are whole: the registry before PostgreSQL, which
 * it writes to. What is still running after its time is killed by the engine. The containers stay.
 *
 * @throws AppError `unavailable` when the engine does not answer
 */
export async function stopContainers(id: string, address: string): Promise<void> {
  const { dockerode } = (await findEngineAt(address)).client.container;
  for (const { servers, seconds } of stopOrder) {
    const filters = { label: [`${stackLabel}=${id}`] };
    const running = await dockerode.listContainers({ filters });
    await Promise.all(
      running
        .filter(({ Labels }) => servers.includes(Labels[serverLabel] as ServerName))
        // Ended by itself, or gone.
        .map(({ Id }) => unless([304, 404], () => dockerode.getContainer(Id).stop({ t: seconds }))),
    );
  }
}

/** Together shorter than what the guard's parent waits for. */
const stopOrder: readonly { readonly servers: readonly ServerName[]; readonly seconds: number }[] = [
  { servers: ['registry'], seconds: 10 },
  { servers: ['kafka', 'redis', 'postgres'], seconds: 40 },
];

async function findEngineAt(address: string): Promise<Engine> {
  const engine = await findEngine(process.env);
  if (engine.address !== address) {
    throw new AppError(
      'unavailable',
      `its containers are in the engine at ${address}, and the one that answers is at ${engine.address}`,
    );
  }
  return engine;
}

/** Does it; answers of the engine with one of these statuses mean that there is nothing to do. */
async function unless(statuses: readonly number[], act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    const { statusCode } = error as { statusCode?: number };
    if (statusCode === undefined || !statuses.includes(statusCode)) throw error;
  }
}
