import { AppError, describeError } from '@prodsentinel/kernel';
import { looks } from './probes.ts';
import {
  serverNames,
  stackVariables,
  type Stack,
  type StackEnvironment,
  type StackOptions,
} from './stack.ts';

/**
 * The servers that the environment names. They are somebody's: looked at, never written to, never stopped.
 *
 * @throws AppError `configuration` when a variable is missing, `unavailable` naming each server that does not answer
 */
export async function startFromEnvironment(options: StackOptions, env: NodeJS.ProcessEnv): Promise<Stack> {
  const missing = stackVariables.filter((name) => !env[name]);
  if (missing.length > 0) {
    throw new AppError(
      'configuration',
      `to use servers of your own, set all of ${stackVariables.join(', ')}; not set: ${missing.join(', ')}. ` +
        'Set none of them to have servers started for you',
    );
  }
  const named = Object.fromEntries(
    stackVariables.map((name) => [name, env[name]]),
  ) as unknown as StackEnvironment;
  options.onProgress?.('Using the servers that the environment names');
  const answers = await Promise.allSettled(serverNames.map((name) => looks[name](named)));
  const silent = answers.flatMap((answer, index) =>
    answer.status === 'rejected' ? [`${stackVariables[index]}: ${describeError(answer.reason)}`] : [],
  );
  if (options.signal?.aborted) throw new AppError('aborted', 'aborted while looking for the servers');
  if (silent.length > 0) {
    throw new AppError(
      'unavailable',
      `servers that the environment names do not answer: ${silent.join('; ')}`,
    );
  }
  return { env: named, source: 'environment', stop: nothingToStop, [Symbol.asyncDispose]: nothingToStop };
}

const nothingToStop = () => Promise.resolve();
