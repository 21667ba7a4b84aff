import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Journal, type TestCluster } from '../test-cluster.ts';

export interface Member {
  readonly lines: Journal<string>;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  kill(signal: NodeJS.Signals): void;
}

const fixture = join(import.meta.dirname, 'fixtures', 'member.ts');

type Environment = Readonly<Record<string, string>>;

/** Starts a member in a process of its own; resolves once it has joined the group. Its lines go to `handled` as well. */
export async function startMember(
  cluster: TestCluster,
  groupId: string,
  handled: Journal<string>,
  env: Environment = {},
): Promise<Member> {
  const lines = new Journal<string>();
  const { exited, said, kill } = spawnMember(
    { MEMBER_PREFIX: cluster.prefix, MEMBER_GROUP: groupId, ...env },
    (line) => {
      lines.add(line);
      if (line.startsWith('handled ')) handled.add(line.slice('handled '.length));
    },
  );
  const ended = exited.then(({ code, signal }) => {
    throw new Error(`a member ended with ${code ?? signal} before it joined: ${said()}`);
  });
  // After it has joined, its end is the test's business.
  ended.catch(() => undefined);
  await Promise.race([lines.until((all) => all.includes('joined')), ended]);
  return { lines, exited, kill };
}

export interface SupervisedMember {
  /** What all its processes said. */
  readonly lines: Journal<string>;
  /** How its processes ended so far: exit code or signal. */
  readonly ends: readonly (number | NodeJS.Signals | null)[];
  /** In order, and not started again. */
  stop(): Promise<void>;
}

/** Keeps one member running: starts it again, at once, whenever its process ends. */
export function superviseMember(cluster: TestCluster, groupId: string, env: Environment): SupervisedMember {
  const lines = new Journal<string>();
  const ends: (number | NodeJS.Signals | null)[] = [];
  const stopping = new AbortController();
  let current: ReturnType<typeof spawnMember> | undefined;
  const supervised = (async () => {
    while (!stopping.signal.aborted) {
      current = spawnMember({ MEMBER_PREFIX: cluster.prefix, MEMBER_GROUP: groupId, ...env }, (line) =>
        lines.add(line),
      );
      const { code, signal } = await current.exited;
      ends.push(code ?? signal);
    }
  })();
  return {
    lines,
    ends,
    async stop() {
      stopping.abort();
      current?.kill('SIGTERM');
      await supervised;
    },
  };
}

function spawnMember(env: Environment, onLine: (line: string) => void) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', fixture], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => (said += String(chunk)));
  createInterface({ input: child.stdout }).on('line', onLine);
  const exited = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }));
  return { exited, said: () => said, kill: (signal: NodeJS.Signals) => child.kill(signal) };
}
