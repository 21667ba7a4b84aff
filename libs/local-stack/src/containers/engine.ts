import { AppError, isAppError, withDeadline } from '@prodsentinel/kernel';
import type { ContainerRuntimeClient } from 'testcontainers';

/** A Docker engine on this machine. */
export interface Engine {
  readonly client: ContainerRuntimeClient;
  /** Its socket, or host and port: who created containers there looks for them there. */
  readonly address: string;
}

const answerWithinMs = 10_000;

/**
 * The engine that Testcontainers finds, if its ports are this machine's.
 *
 * @throws AppError `unavailable` when none answers, when it is on another machine, or when it runs no Linux images
 */
export async function findEngine(env: NodeJS.ProcessEnv): Promise<Engine> {
  const wanted = env['DOCKER_HOST'];
  if (wanted && !isLocal(wanted)) throw elsewhere(`DOCKER_HOST is ${wanted}`);
  const client = await askTestcontainers(env);
  const { socketPath, host, port } = client.container.dockerode.modem as ModemAddress;
  if (!socketPath && !isLoopback(host)) throw elsewhere(`it is at ${host}`);
  const address = socketPath ?? `${host}:${port}`;
  // Testcontainers goes on to the usual sockets when the wanted one is silent.
  if (wanted && !wanted.replace(/\/$/, '').endsWith(address)) {
    throw new AppError('unavailable', `no Docker engine answers at ${wanted}, which DOCKER_HOST names`);
  }
  const { operatingSystemType } = client.info.containerRuntime;
  if (operatingSystemType !== 'linux') {
    throw new AppError('unavailable', `the Docker engine runs ${operatingSystemType} images, not Linux`);
  }
  return { client, address };
}

/**
 * Asks the engine for something.
 *
 * @throws AppError `unavailable` for an answer that is an error and for the loss of the engine; what else fails as it is
 */
export async function askEngine<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const { statusCode, code } = error as { statusCode?: unknown; code?: unknown };
    if (isAppError(error) || (typeof statusCode !== 'number' && typeof code !== 'string')) throw error;
    throw new AppError('unavailable', 'the Docker engine does not do what it is asked', { cause: error });
  }
}

interface ModemAddress {
  readonly socketPath?: string;
  readonly host?: string;
  readonly port?: number | string;
}

async function askTestcontainers(env: NodeJS.ProcessEnv): Promise<ContainerRuntimeClient> {
  // Else Testcontainers, in a container, starts one to learn the address of its host. Ports are on loopback, always.
  env['TESTCONTAINERS_HOST_OVERRIDE'] = '127.0.0.1';
  try {
    const { getContainerRuntimeClient } = await import('testcontainers');
    return await withDeadline('the Docker engine', answerWithinMs, getContainerRuntimeClient());
  } catch (cause) {
    throw new AppError('unavailable', 'no Docker engine answers', { cause });
  }
}

function elsewhere(where: string): AppError {
  return new AppError('unavailable', `the Docker engine is on another machine (${where})`);
}

function isLocal(dockerHost: string): boolean {
  if (/^(unix|npipe):/.test(dockerHost)) return true;
  return URL.canParse(dockerHost) && isLoopback(new URL(dockerHost).hostname);
}

function isLoopback(host: string | undefined): boolean {
  return host !== undefined && /^(localhost|127\.[\d.]+|\[?::1\]?)$/.test(host);
}
