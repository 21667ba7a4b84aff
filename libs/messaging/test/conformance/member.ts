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

/** Starts a member in a process of its own; resolves once it has joined the group. Its lines go to `handled` as well. */
export async function startMember(
  cluster: TestCluster,
  groupId: string,
  handled: Journal<string>,
  env: Readonly<Record<string, string>> = {},
): Promise<Member> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', fixture], {
    env: { ...process.env, MEMBER_PREFIX: cluster.prefix, MEMBER_GROUP: groupId, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => (said += String(chunk)));
  const lines = new Journal<string>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.add(line);
    if (line.startsWith('handled ')) handled.add(line.slice('handled '.length));
  });
  const exited = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  const ended = exited.then(({ code, signal }) => {
    throw new Error(`a member ended with ${code ?? signal} before it joined: ${said}`);
  });
  // After it has joined, its end is the test's business.
  ended.catch(() => undefined);
  await Promise.race([lines.until((all) => all.includes('joined')), ended]);
  return { lines, exited, kill: (signal) => child.kill(signal) };
}
