import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { HostOrders } from './host-process.ts';

/** Everything that whoever started a host sees of its end. */
export interface HostEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  readonly stdout: string;
}

/** Runs an application until it ends. `untilReady`: when it may be told to end. */
export async function runHost(
  orders: HostOrders,
  { untilReady, nodeArgs = [] }: { untilReady?: Promise<unknown>; nodeArgs?: readonly string[] } = {},
): Promise<HostEnd> {
  const program = join(import.meta.dirname, 'host-process.ts');
  const waits = untilReady !== undefined;
  const child = spawn(process.execPath, [...nodeArgs, program, JSON.stringify({ ...orders, waits })], {
    stdio: 'pipe',
    // One that is held up is ended, and so has ended by another signal than it should.
    timeout: 30_000,
    killSignal: 'SIGKILL',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  // It may be gone before it has read it.
  child.stdin.on('error', () => undefined);
  void untilReady?.then(() => child.stdin.write('end\n'));
  if (!waits) child.stdin.end();
  const [stdout, stderr, [exitCode, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  return { exitCode, signal, stderr, stdout };
}
