import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { cacheFolder } from '../src/cache-folder.ts';
import { identifyProcess, isRunning, type ProcessIdentity } from '../src/process-identity.ts';
import { readState } from '../src/state-file.ts';
import type { StackEnvironment } from '../src/index.ts';
import { throwAwayPrefix } from '../src/sweep.ts';

/** A stack that another process started, and what must be gone after it. */
export interface HeldStack {
  readonly parent: ChildProcess;
  readonly guard: ProcessIdentity;
  readonly servers: readonly ProcessIdentity[];
  readonly directory: string;
  readonly env: StackEnvironment;
  readonly remains: () => string[];
  /** What the parent said since. */
  readonly lines: readonly string[];
}

/** Starts a process, in a group of its own, that starts a stack and holds it. */
export async function holdStack(...args: string[]): Promise<HeldStack> {
  const parent = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      join(import.meta.dirname, 'fixtures', 'hold-stack.ts'),
      ...args,
    ],
    { detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  parent.stderr.on('data', (chunk) => (said += String(chunk)));
  const lines = createInterface({ input: parent.stdout });
  const line = await new Promise<string>((resolve, reject) => {
    lines.once('line', resolve);
    parent.once('exit', (code, signal) => reject(new Error(`ended with ${code ?? signal}: ${said}`)));
  });
  const more: string[] = [];
  lines.on('line', (each) => more.push(each));
  const { env, directory, pids } = JSON.parse(line) as {
    env: StackEnvironment;
    directory: string;
    pids: number[];
  };
  const servers = pids.map((pid) => identifyProcess(pid)!);
  const stacks = join(cacheFolder(process.env), 'stacks');
  const id = basename(directory).slice(throwAwayPrefix.length);
  const guard = readState(stacks, id)!.guard!;
  const remains = () => [
    ...[guard, ...servers].filter((each) => isRunning(each)).map(({ pid }) => `process ${pid}`),
    ...[directory, join(stacks, `${id}.json`), join(stacks, `${id}.guard.log`)].filter((path) =>
      existsSync(path),
    ),
  ];
  return { parent, guard, servers, directory, env, remains, lines: more };
}
