import { AppError, isAppError } from '@prodsentinel/kernel';
import { startFromEnvironment } from './environment-source.ts';
import { ownerOf } from './kept-data.ts';
import { startContainers, startProcesses, wishForProcesses } from './guarded-source.ts';
import { stackVariables, type Stack, type StackOptions, type StackSource } from './stack.ts';

/**
 * Starts, or finds, the servers that ProdSentinel needs: Kafka, a schema registry, Redis and PostgreSQL. Resolves when
 * each has answered a real request. Stacks of child processes live beside each other and beside servers of yours.
 *
 * The stack keeps this process alive until `stop()`. When this process ends without it, by whatever death, the servers
 * are stopped and throw-away data is removed all the same.
 *
 * @throws AppError `configuration` when the environment names only some of the servers, or data cannot be kept where
 *   asked; `unavailable` when Java, Maven or a download is missing or a server does not answer (the message says what to
 *   do), or the engine that has the kept data; `conflict` when another stack uses the kept data, or its volumes are gone; `aborted` when the signal said so
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  if (options.signal?.aborted) throw new AppError('aborted', 'aborted before the stack was started');
  return sources[options.source ?? 'auto'](options, process.env);
}

type StartFrom = (options: StackOptions, env: NodeJS.ProcessEnv) => Promise<Stack>;

/** One entry for each kind of place that servers come from. */
const sources: Readonly<Record<'auto' | 'started' | StackSource, StartFrom>> = {
  auto: startFromTheFirstThatWorks,
  started: startOurOwn,
  environment: startFromEnvironment,
  docker: startContainers,
  processes: startProcesses,
};

async function startFromTheFirstThatWorks(options: StackOptions, env: NodeJS.ProcessEnv): Promise<Stack> {
  // Some but not all is a mistake that the environment source explains.
  if (stackVariables.some((name) => env[name])) return startFromEnvironment(options, env);
  return startOurOwn(options, env);
}

async function startOurOwn(options: StackOptions, env: NodeJS.ProcessEnv): Promise<Stack> {
  if (wishForProcesses(options)) return startProcesses(options, env);
  const { data, onProgress } = options;
  if (data?.kind === 'kept' && ownerOf(data) === 'processes') {
    onProgress?.(
      `${data.directory} holds data of child processes: the servers are started as child processes`,
    );
    return startProcesses(options, env);
  }
  try {
    return await startContainers(options, env);
  } catch (error) {
    if (!isAppError(error) || error.code !== 'unavailable') throw error;
    // Child processes would begin empty beside the data.
    if (ownerOf(data) === 'docker') throw error;
    onProgress?.(`Without Docker (${error.message}): the servers are started as child processes`);
    return startProcesses(options, env);
  }
}
