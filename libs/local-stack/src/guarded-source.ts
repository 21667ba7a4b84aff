import { fork, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, isAppError, newId, withDeadline } from '@prodsentinel/kernel';
import { cacheFolder } from './cache-folder.ts';
import { tailOf } from './child-process.ts';
import type {
  GuardMessage,
  GuardOptions,
  ParentMessage,
  ServerCommand,
  ToldError,
} from './guard-protocol.ts';
import { checkOwner, describeVolumes, ownerOf } from './kept-data.ts';
import { identifyProcess } from './process-identity.ts';
import { guardLogOf, readState, removeState } from './state-file.ts';
import {
  serverNames,
  type ServerHandle,
  type ServerName,
  type Stack,
  type StackEnvironment,
  type StackOptions,
} from './stack.ts';
import { removeStack } from './sweep.ts';

/** Longer than the guard gives its servers. */
const stopTimeoutMs = 60_000;

/** Real servers as child processes of a guard of ours. */
export function startProcesses(options: StackOptions, env: NodeJS.ProcessEnv): Promise<Stack> {
  return startGuarded('processes', options, env);
}

/**
 * The official images in containers that a guard of ours owns.
 *
 * @throws AppError `configuration` for what only child processes can do, and for a directory with their data;
 *   `unavailable` naming the volumes when kept data is in some that cannot be had now
 */
export async function startContainers(options: StackOptions, env: NodeJS.ProcessEnv): Promise<Stack> {
  const wish = wishForProcesses(options);
  if (wish) throw new AppError('configuration', `servers in containers cannot ${wish}: use child processes`);
  try {
    return await startGuarded('docker', options, env);
  } catch (cause) {
    if (ownerOf(options.data) !== 'docker' || !isAppError(cause) || cause.code !== 'unavailable') throw cause;
    const { directory } = options.data as { directory: string };
    const what = `${describeVolumes(directory)}, and cannot be had now: ${cause.message}`;
    throw new AppError('unavailable', `${what}. Start Docker, or choose another directory`, { cause });
  }
}

/** What only child processes of ours can do, and these options ask for; undefined when there is nothing. */
export function wishForProcesses({ kafka, tunedFor }: StackOptions): string | undefined {
  if (Object.keys(kafka?.config ?? {}).length > 0) return 'be given broker settings';
  return tunedFor === 'throughput' ? 'be tuned for throughput' : undefined;
}

async function startGuarded(
  source: GuardOptions['source'],
  options: StackOptions,
  env: NodeJS.ProcessEnv,
): Promise<Stack> {
  checkOwner(options.data, source);
  const connection = new GuardConnection(
    toGuardOptions(source, options, env),
    options.onProgress ?? (() => undefined),
  );
  const onAbort = () => connection.send({ type: 'stop' });
  options.signal?.addEventListener('abort', onAbort);
  try {
    const { env: addresses, directory } = await connection.ready;
    if (options.signal?.aborted) throw new AppError('aborted', 'aborted');
    return toStack(source, connection, addresses, directory);
  } catch (error) {
    await connection.stop();
    if (options.signal?.aborted) throw new AppError('aborted', 'aborted while the stack was starting');
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
  }
}

/** The channel to a guard, and the duty to clean up when the guard dies before us. */
class GuardConnection {
  readonly ready: Promise<{ env: StackEnvironment; directory?: string | undefined }>;
  readonly pids = new Map<ServerName, number>();
  readonly #options: GuardOptions;
  readonly #guard: ChildProcess;
  readonly #onProgress: (line: string) => void;
  readonly #calls = new Map<number, (error: ToldError | undefined) => void>();
  readonly #ended: Promise<void>;
  #lastCall = 0;
  #isStopping = false;

  constructor(options: GuardOptions, onProgress: (line: string) => void) {
    this.#options = options;
    this.#onProgress = onProgress;
    this.#guard = spawnGuard(options);
    const exited = new Promise<void>((resolve) => this.#guard.once('exit', () => resolve()));
    this.ready = new Promise((resolve, reject) => {
      this.#guard.once('error', (cause) =>
        reject(new AppError('unavailable', 'the guard of the stack could not be started', { cause })),
      );
      this.#guard.on('message', (message: GuardMessage) => {
        if (message.type === 'ready') resolve({ env: message.env, directory: message.directory });
        else if (message.type === 'failed') reject(new AppError(message.error.code, message.error.message));
        else this.#receive(message);
      });
      void exited.then(() => reject(this.#lost()));
    });
    this.#ended = exited.then(() => this.#cleanUp());
    // Both are looked at by `startGuarded` and `stop`; a failure before that is not unhandled.
    this.ready.catch(() => undefined);
    this.#ended.catch(() => undefined);
    this.send({ type: 'start', options });
  }

  send(message: ParentMessage): void {
    // A guard that is gone is noticed by its exit.
    if (this.#guard.connected) this.#guard.send(message, () => undefined);
  }

  command(server: ServerName, command: ServerCommand): Promise<void> {
    if (!this.#guard.connected) {
      return Promise.reject(
        new AppError('conflict', `the stack has been stopped: no ${server} to ${command.type}`),
      );
    }
    const call = ++this.#lastCall;
    return new Promise((resolve, reject) => {
      this.#calls.set(call, (error) => (error ? reject(new AppError(error.code, error.message)) : resolve()));
      this.send({ type: 'command', call, server, command });
    });
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.send({ type: 'stop' });
    try {
      await withDeadline('the guard of the stack', stopTimeoutMs, this.#ended);
    } catch (error) {
      if (!this.#guard.kill('SIGKILL')) throw error;
      await this.#ended;
    }
  }

  #receive(message: Exclude<GuardMessage, { type: 'ready' | 'failed' }>): void {
    switch (message.type) {
      case 'progress':
        this.#onProgress(message.line);
        return;
      case 'running':
        if (message.pid === null) this.pids.delete(message.server);
        else this.pids.set(message.server, message.pid);
        return;
      case 'answer':
        this.#calls.get(message.call)?.(message.error);
        this.#calls.delete(message.call);
    }
  }

  /** After the guard's end: nothing, when it did its work; all of it, when it was killed. */
  async #cleanUp(): Promise<void> {
    this.pids.clear();
    for (const answer of this.#calls.values()) answer({ code: 'unavailable', message: this.#lost().message });
    this.#calls.clear();
    const { stacks, id } = this.#options;
    const state = readState(stacks, id);
    if (state) {
      if (!this.#isStopping) this.#onProgress('The guard of the local stack died: its servers are stopped');
      await removeStack(stacks, state);
    } else removeState(stacks, id);
  }

  #lost(): AppError {
    const log = guardLogOf(this.#options.stacks, this.#options.id);
    return new AppError('unavailable', `the guard of the stack ended: ${readLog(log)}`);
  }
}

function toGuardOptions(
  source: GuardOptions['source'],
  options: StackOptions,
  env: NodeJS.ProcessEnv,
): GuardOptions {
  const cache = cacheFolder(env);
  return {
    id: newId(),
    source,
    cache: join(cache, 'downloads'),
    stacks: join(cache, 'stacks'),
    data: options.data ?? { kind: 'throw-away' },
    kafkaConfig: options.kafka?.config ?? {},
    tunedFor: options.tunedFor ?? 'starting',
    parent: identifyProcess(process.pid),
  };
}

function spawnGuard({ stacks, id }: GuardOptions): ChildProcess {
  mkdirSync(stacks, { recursive: true, mode: 0o700 });
  const log = openSync(guardLogOf(stacks, id), 'w', 0o600);
  try {
    return fork(join(import.meta.dirname, 'guard-main.ts'), [], {
      detached: true,
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', log, log, 'ipc'],
      cwd: import.meta.dirname,
      // The environment as it is now, also where a test runner has a copy of its own.
      env: process.env,
    });
  } finally {
    closeSync(log);
  }
}

function toStack(
  source: GuardOptions['source'],
  connection: GuardConnection,
  env: StackEnvironment,
  directory: string | undefined,
): Stack {
  const stop = () => connection.stop();
  return {
    env,
    source,
    ...(directory === undefined ? {} : { directory }),
    ...(source === 'processes' ? { servers: handlesOf(connection) } : {}),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function handlesOf(connection: GuardConnection): Record<ServerName, ServerHandle> {
  const handleOf = (name: ServerName): ServerHandle => ({
    get pid() {
      return connection.pids.get(name);
    },
    kill: (signal) => connection.command(name, { type: 'kill', signal }),
    restart: () => connection.command(name, { type: 'restart' }),
  });
  return Object.fromEntries(serverNames.map((name) => [name, handleOf(name)])) as unknown as Record<
    ServerName,
    ServerHandle
  >;
}

function readLog(file: string): string {
  try {
    return tailOf(file);
  } catch {
    return '(its log is gone)';
  }
}
