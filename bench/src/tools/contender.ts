import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { AppError, describeError } from '@prodsentinel/kernel';
import type { Measured } from './measured.ts';

/** Milliseconds; a run that is right takes seconds. */
const contenderDeadlineMs = 600_000;

/**
 * Runs one contender in a process of its own, so that neither heats the other's caches nor pays for its memory.
 *
 * @param file a program that calls `contend` once
 * @param job what to do, as JSON
 * @throws AppError `bug` when it ends without an answer or within ten minutes; its messages are on
 *   standard error
 */
export async function runContender(file: URL, job: object, signal: AbortSignal): Promise<Measured> {
  const child = fork(fileURLToPath(file), {
    execArgv: ['--disable-warning=ExperimentalWarning', '--disable-warning=TimeoutNegativeWarning'],
    env: { ...process.env, KAFKAJS_NO_PARTITIONER_WARNING: '1' },
    // Its standard output is not ours: a line of a library would break our JSON.
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  const stop = () => child.kill('SIGKILL');
  signal.addEventListener('abort', stop, { once: true });
  const deadline = setTimeout(stop, contenderDeadlineMs);
  let measured: Measured | undefined;
  child.on('message', (message) => (measured = message as Measured));
  child.send(job);
  const [code, by] = (await once(child, 'close')) as [number | null, string | null];
  clearTimeout(deadline);
  signal.removeEventListener('abort', stop);
  if (signal.aborted) throw new AppError('aborted', 'the benchmark was stopped');
  if (code !== 0 || !measured)
    throw new AppError('bug', `${fileURLToPath(file)} ended with ${by ?? code} and no figures`);
  return measured;
}

/**
 * The contender's side: does the job that the parent sends, answers with what it used, and ends.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the parent's JSON is of the type that the work asks for
export function contend<Job>(work: (job: Job) => Promise<Measured>): void {
  process.once('message', (job: Job) => {
    void work(job).then(
      (measured) => process.send?.(measured, () => process.exit(0)),
      (error: unknown) => {
        process.stderr.write(`${error instanceof Error ? error.stack : describeError(error)}\n`);
        process.exit(1);
      },
    );
  });
  process.once('disconnect', () => process.exit(1));
}
