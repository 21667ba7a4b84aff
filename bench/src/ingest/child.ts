import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { AppError } from '@prodsentinel/kernel';
import type { LoadJob, LoadResult } from './job.ts';

/** Milliseconds within which a process must be ready, or have done a load. */
const deadlineMs = 120_000;

/** A server under load, ours or the floor, in a process of its own. */
export interface ServerUnderLoad {
  readonly url: string;
  /** CPU seconds since its start, and bytes that it holds now. */
  usage(): Promise<{ readonly cpuSeconds: number; readonly rssBytes: number }>;
  stop(): Promise<void>;
}

/** @throws AppError `unavailable` when it ends before it is ready; what it said is on standard error */
export async function startServer(
  file: URL,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<ServerUnderLoad> {
  const child = forkQuietly(file, env, process.env['BENCH_SERVER_OPTIONS']?.split(' ') ?? []);
  const { addresses } = await answerOf<{ addresses: Record<'ingest' | 'health', string> }>(child, signal);
  return {
    url: addresses.ingest,
    async usage() {
      const text = await (await fetch(`${addresses.health}/metrics`, { signal })).text();
      return {
        cpuSeconds: valueOf(text, 'process_cpu_seconds_total'),
        rssBytes: valueOf(text, 'process_resident_memory_bytes'),
      };
    },
    stop: () => stop(child),
  };
}

/** The client, which does one load after the other in a process of its own. */
export function startClient() {
  const child = forkQuietly(new URL('client.ts', import.meta.url), process.env, []);
  return {
    async load(job: LoadJob, signal: AbortSignal): Promise<LoadResult> {
      child.send(job);
      return answerOf<LoadResult>(child, signal);
    },
    stop: () => stop(child),
  };
}

function forkQuietly(file: URL, env: NodeJS.ProcessEnv, options: readonly string[]): ChildProcess {
  return fork(fileURLToPath(file), {
    env: { ...env, KAFKAJS_NO_PARTITIONER_WARNING: '1' },
    execArgv: ['--disable-warning=TimeoutNegativeWarning', ...options],
    // Its standard output is not ours: a line of a library would break our JSON.
    stdio: ['ignore', 2, 2, 'ipc'],
  });
}

async function answerOf<T>(child: ChildProcess, signal: AbortSignal): Promise<T> {
  const answered = new AbortController();
  const limit = AbortSignal.any([signal, answered.signal, AbortSignal.timeout(deadlineMs)]);
  const ended = once(child, 'exit', { signal: limit }).then(([code, by]): never => {
    throw new AppError('unavailable', `${child.spawnargs.at(-1)} ended with ${String(by ?? code)}`);
  });
  try {
    const [message] = (await Promise.race([once(child, 'message', { signal: limit }), ended])) as [T];
    return message;
  } finally {
    ended.catch(() => undefined);
    answered.abort();
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.disconnect();
  await ended;
}

function valueOf(metrics: string, name: string): number {
  const line = metrics.split('\n').find((each) => each.startsWith(`${name} `));
  if (!line) throw new AppError('bug', `no metric ${name}`);
  return Number(line.slice(name.length));
}
