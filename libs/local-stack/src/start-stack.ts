import { AppError } from '@prodsentinel/kernel';
import { startFromEnvironment } from './environment-source.ts';
import { startProcesses } from './processes-source.ts';
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
 *   do); `conflict` when another stack uses the kept data; `aborted` when the signal said so
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  if (options.signal?.aborted) throw new AppError('aborted', 'aborted before the stack was started');
  return sources[chooseSource(options.source ?? 'auto')](options, process.env);
}

/** One entry for each kind of place that servers come from. Docker will be another. */
const sources: Record<StackSource, (options: StackOptions, env: NodeJS.ProcessEnv) => Promise<Stack>> = {
  environment: startFromEnvironment,
  processes: startProcesses,
};

function chooseSource(wanted: 'auto' | StackSource): StackSource {
  if (wanted !== 'auto') return wanted;
  // Some but not all is a mistake that the environment source explains.
  return stackVariables.some((name) => process.env[name]) ? 'environment' : 'processes';
}
