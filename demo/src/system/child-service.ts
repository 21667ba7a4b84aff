import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { AppError, withDeadline } from '@prodsentinel/kernel';

export const serviceNames = ['ingest', 'analyzer', 'persister'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** How a process ended: a code, or the signal that killed it. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One process of one service. */
export interface ChildService {
  readonly name: ServiceName;
  readonly pid: number;
  /** Where it can be reached, by name: `health`, and `ingest` for ingest. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Resolves when the process is gone, however it went. */
  readonly exited: Promise<ChildExit>;
  /** Asks it to stop and waits; kills it when it does not within the deadline. Again: waits for the same end. */
  stop(): Promise<ChildExit>;
  /** Sends a signal (default SIGKILL) and waits for the end. */
  kill(signal?: NodeJS.Signals): Promise<ChildExit>;
  /** The latest lines it wrote, oldest first. */
  lastLines(): readonly string[];
}

export interface ChildServiceOptions {
  readonly name: ServiceName;
  /** The whole environment of the process. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Gives up waiting for it to be ready, and kills it. */
  readonly signal?: AbortSignal;
  /** Milliseconds until it must be ready. Default 60,000: it may have to wait for its dependencies. */
  readonly readyDeadlineMs?: number;
}

const root = join(import.meta.dirname, '..', '..', '..');
const keptLines = 200;
const shownLines = 15;
/** Beyond the services' own grace period of 30 s. */
const stopDeadlineMs = 40_000;

/**
 * Starts a service as a process of its own and waits until it says that it is ready. It is put in a process group of its
 * own, so that a terminal's Ctrl-C reaches only whoever started it; should we die, the end of the control channel stops it.
 *
 * @throws AppError `unavailable` with its last lines when it ends or is not ready in time, `aborted`
 */
export async function startChildService(options: ChildServiceOptions): Promise<ChildService> {
  const { name, env, signal, readyDeadlineMs = 60_000 } = options;
  if (signal?.aborted) throw new AppError('aborted', `aborted before ${name} was started`);
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(root, 'services', name, 'src', 'main.ts')],
    { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: true, windowsHide: true },
  );
  const lines = keepLines(child);
  const exited = new Promise<ChildExit>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, by) => resolve({ code, signal: by }));
  });
  const service = toService({ name, child, exited, lines, addresses: {} });
  try {
    const ready = waitUntilReady(service, child, signal);
    const addresses = await withDeadline(`${name} (start-up)`, readyDeadlineMs, ready);
    return toService({ name, child, exited, lines, addresses });
  } catch (error) {
    await service.kill();
    throw error;
  }
}

/** What to show of a service that ended when it should not have. */
export function describeEnd(service: ChildService, { code, signal }: ChildExit): string {
  const how = signal ? `was killed by ${signal}` : `ended with code ${code}`;
  const lines = service.lastLines().slice(-shownLines);
  return [
    `${service.name} (pid ${service.pid}) ${how}; its last lines:`,
    ...lines.map((each) => `  ${each}`),
  ].join('\n');
}

interface ChildParts {
  readonly name: ServiceName;
  readonly child: ChildProcess;
  readonly exited: Promise<ChildExit>;
  readonly lines: readonly string[];
  readonly addresses: Readonly<Record<string, string>>;
}

function toService({ name, child, exited, lines, addresses }: ChildParts): ChildService {
  const kill = (signal: NodeJS.Signals = 'SIGKILL') => {
    child.kill(signal);
    return exited;
  };
  return {
    name,
    pid: child.pid ?? 0,
    addresses,
    exited,
    kill,
    lastLines: () => [...lines],
    async stop() {
      // The callback takes the error of a channel that closed meanwhile: then it is ending anyway.
      if (child.connected) child.send({ type: 'shutdown' }, () => undefined);
      const timer = setTimeout(() => child.kill('SIGKILL'), stopDeadlineMs);
      try {
        return await exited;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

function waitUntilReady(
  service: ChildService,
  child: ChildProcess,
  signal: AbortSignal | undefined,
): Promise<Record<string, string>> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new AppError('aborted', `aborted while ${service.name} was starting`));
    signal?.addEventListener('abort', onAbort, { once: true });
    child.on('message', (message) => {
      const { type, addresses } = message as { type?: unknown; addresses?: Record<string, string> };
      if (type !== 'ready') return;
      signal?.removeEventListener('abort', onAbort);
      resolve(addresses ?? {});
    });
    service.exited.then(
      (exit) => reject(new AppError('unavailable', describeEnd(service, exit))),
      (cause: unknown) => reject(new AppError('unavailable', `${service.name} cannot be started`, { cause })),
    );
  });
}

function keepLines(child: ChildProcess): string[] {
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (lines.length > keptLines) lines.splice(0, lines.length - keptLines);
    });
  }
  return lines;
}
