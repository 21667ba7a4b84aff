import { afterEach, describe, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { startStack } from '../src/index.ts';
import { isRunning } from '../src/process-identity.ts';
import { holdStack, type HeldStack } from './held-stack.ts';
import { waitFor } from './waiting.ts';

const timeoutMs = 120_000;

describe('a stack leaves nothing behind', () => {
  const held: HeldStack[] = [];
  const hold = async (...args: string[]) => {
    const stack = await holdStack(...args);
    held.push(stack);
    return stack;
  };

  afterEach(async () => {
    for (const { parent, remains } of held.splice(0)) {
      parent.kill('SIGKILL');
      await waitFor('the stack of this test is gone', () => remains().length === 0);
    }
  });

  test(
    'when its parent is killed with SIGKILL: every server, the guard, the folder and the state go',
    async () => {
      const { parent, servers, directory, remains } = await hold();
      expect(servers).toHaveLength(4);
      expect(servers.every((each) => isRunning(each))).toBe(true);
      expect(existsSync(directory)).toBe(true);
      parent.kill('SIGKILL');
      await waitFor('nothing is left', () => remains().length === 0);
    },
    timeoutMs,
  );

  test(
    'when Ctrl-C interrupts the whole process group',
    async () => {
      const { parent, remains } = await hold();
      process.kill(-parent.pid!, 'SIGINT');
      await waitFor('nothing is left', () => remains().length === 0);
      expect(parent.signalCode).toBe('SIGINT');
    },
    timeoutMs,
  );

  test(
    'when its parent drains on Ctrl-C and then stops it: until then the servers do not notice the Ctrl-C',
    async () => {
      const { parent, lines, remains } = await hold('--drain-on-interrupt');
      process.kill(-parent.pid!, 'SIGINT');
      await waitFor('the parent ends by itself', () => parent.exitCode !== null);
      expect({ lines, exitCode: parent.exitCode }).toEqual({ lines: ['drained'], exitCode: 0 });
      expect(remains()).toEqual([]);
    },
    timeoutMs,
  );

  test(
    'when its guard is killed: the parent cleans up',
    async () => {
      const { parent, guard, remains } = await hold();
      process.kill(guard.pid, 'SIGKILL');
      await waitFor('nothing is left', () => remains().length === 0);
      await waitFor('the parent ends by itself', () => parent.exitCode !== null);
      expect(parent.exitCode).toBe(0);
    },
    timeoutMs,
  );

  test(
    'when guard and parent are both killed: the next start removes what is left, and touches no live stack',
    async () => {
      const live = await hold();
      const { parent, guard, servers, directory, remains } = await hold();
      // A guard that is stopped cannot react to its parent's death, as if both had died in one moment.
      process.kill(guard.pid, 'SIGSTOP');
      parent.kill('SIGKILL');
      process.kill(guard.pid, 'SIGKILL');
      await waitFor('guard and parent are gone', () => !isRunning(guard) && parent.signalCode !== null);
      expect(servers.every((each) => isRunning(each))).toBe(true);
      const lines: string[] = [];
      const next = await startStack({ source: 'processes', onProgress: (line) => lines.push(line) });
      expect(remains()).toEqual([]);
      expect(lines.join('\n')).toContain(directory);
      await next.stop();
      expect(live.servers.every((each) => isRunning(each))).toBe(true);
      expect(existsSync(live.directory)).toBe(true);
    },
    timeoutMs,
  );

  test(
    'when the start is aborted half-way',
    async () => {
      const abort = new AbortController();
      const start = startStack({
        source: 'processes',
        signal: abort.signal,
        onProgress: (line) => {
          if (line === 'Redis is ready') abort.abort();
        },
      });
      await expect(start).rejects.toMatchObject({ code: 'aborted' });
    },
    timeoutMs,
  );
});
