import { AppError } from '@prodsentinel/kernel';
import { findEngine } from './engine.ts';

/** Carried by every container of a stack, with the stack's id. */
export const stackLabel = 'prodsentinel.stack';

/**
 * Ends and removes the containers of a stack, with the volumes that came with them.
 *
 * @param address of the engine they were started in
 * @throws AppError `unavailable` when that engine does not answer
 */
export async function removeContainers(id: string, address: string): Promise<void> {
  const engine = await findEngine(process.env);
  if (engine.address !== address) {
    throw new AppError(
      'unavailable',
      `its containers are in the engine at ${address}, and the one that answers is at ${engine.address}`,
    );
  }
  const { dockerode } = engine.client.container;
  const containers = await dockerode.listContainers({
    all: true,
    filters: { label: [`${stackLabel}=${id}`] },
  });
  await Promise.all(
    containers.map(async ({ Id }) => {
      try {
        await dockerode.getContainer(Id).remove({ force: true, v: true });
      } catch (error) {
        // Gone, or another is removing it, which its own waiting sees through.
        const { statusCode } = error as { statusCode?: number };
        if (statusCode !== 404 && statusCode !== 409) throw error;
      }
    }),
  );
}
