import { AppError, describeError } from '@prodsentinel/kernel';
import type { ContainerRuntimeClient } from 'testcontainers';

/**
 * Pulls an image that the engine does not have.
 *
 * @throws AppError `unavailable` with the engine's reason when it cannot, `aborted`
 */
export async function obtainImage(
  client: ContainerRuntimeClient,
  name: string,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (line: string) => void },
): Promise<void> {
  const { ImageName } = await import('testcontainers');
  const image = ImageName.fromString(name);
  if (await client.image.exists(image)) return;
  onProgress(`Pulling the image ${name}, once …`);
  let reason = 'the engine does not say why';
  try {
    // The engine goes on with what it has begun, and gives up by itself when the image registry does not answer.
    await Promise.race([client.image.pull(image), untilAborted(signal)]);
  } catch (error) {
    if (signal.aborted) throw error;
    reason = describeError(error);
  }
  // What fails on the way is told in the stream of the pull, which Testcontainers does not read.
  if (!(await client.image.exists(image))) {
    throw new AppError('unavailable', `the image ${name} is not here and cannot be pulled: ${reason}`);
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = () => reject(new AppError('aborted', 'aborted while an image was being pulled'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
  });
}
