import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { identifyProcess, isRunning, signalProcess, type ProcessIdentity } from '../src/process-identity.ts';
import { listStates, readState, removeState, writeState, type StackState } from '../src/state-file.ts';
import { removeThrowAway, sweepDeadStacks, throwAwayPrefix } from '../src/sweep.ts';
import { waitFor } from './waiting.ts';

describe('the remains of a stack', () => {
  let folder: string;
  let child: ChildProcess;
  let childIdentity: ProcessIdentity;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'prodsentinel-sweep-test-'));
    child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'ignore' });
    childIdentity = identifyProcess(child.pid!)!;
  });
  afterEach(async () => {
    child.kill('SIGKILL');
    await waitFor('the child has ended', () => child.exitCode !== null || child.signalCode !== null);
    rmSync(folder, { recursive: true });
  });

  const gone: ProcessIdentity = { pid: 2 ** 22 + 1, started: 'never' };
  const stateOf = (changes: Partial<StackState> = {}): StackState => {
    const directory = join(folder, `${throwAwayPrefix}a`);
    mkdirSync(directory, { recursive: true });
    return {
      id: 'a',
      host: hostname(),
      directory,
      throwAway: true,
      parent: gone,
      guard: gone,
      children: [{ ...childIdentity, name: 'kafka' }],
      ...changes,
    };
  };
  const sweep = async () => {
    const lines: string[] = [];
    await sweepDeadStacks(folder, (line) => lines.push(line));
    return lines;
  };

  test('are ended and removed when nobody owns them any more', async () => {
    const state = stateOf();
    writeState(folder, state);
    expect(await sweep()).toEqual([expect.stringContaining(state.directory)]);
    expect(isRunning(childIdentity)).toBe(false);
    expect(existsSync(state.directory)).toBe(false);
    expect(listStates(folder)).toEqual([]);
  });

  test.each(['guard', 'parent'] as const)('are left alone while the %s lives', async (owner) => {
    const state = stateOf({ [owner]: identifyProcess(process.pid) });
    writeState(folder, state);
    expect(await sweep()).toEqual([]);
    expect(isRunning(childIdentity)).toBe(true);
    expect(existsSync(state.directory)).toBe(true);
    expect(readState(folder, 'a')).toEqual(state);
  });

  test('do not include a process that only has the same number', async () => {
    writeState(folder, stateOf({ children: [{ ...childIdentity, started: 'earlier', name: 'kafka' }] }));
    await sweep();
    expect(isRunning(childIdentity)).toBe(true);
    expect(signalProcess({ ...childIdentity, started: 'earlier' }, 'SIGKILL')).toBe(false);
    expect(isRunning(childIdentity)).toBe(true);
  });

  test('of another host that shares the folder are left alone', async () => {
    writeState(folder, stateOf({ host: 'another' }));
    expect(await sweep()).toEqual([]);
    expect(isRunning(childIdentity)).toBe(true);
    expect(listStates(folder)).toEqual(['a']);
  });

  test('keep their data when it was to be kept', async () => {
    const state = stateOf({ throwAway: false });
    writeState(folder, state);
    await sweep();
    expect(isRunning(childIdentity)).toBe(false);
    expect(existsSync(state.directory)).toBe(true);
    expect(listStates(folder)).toEqual([]);
  });

  test('that cannot be read are reported and keep no other stack from being swept', async () => {
    writeFileSync(join(folder, '0.json'), 'nonsense');
    writeState(folder, stateOf());
    expect((await sweep())[0]).toMatch(/Could not remove .* 0: .*0\.json is not JSON/);
    expect(listStates(folder)).toEqual(['0']);
  });

  test('never include a folder that is not a throw-away folder of ours', async () => {
    const precious = join(folder, 'precious');
    mkdirSync(precious);
    await expect(removeThrowAway(precious)).rejects.toThrow('refusing to remove');
    expect(existsSync(precious)).toBe(true);
  });

  test('in containers whose engine is away are reported and left for the next sweep', async () => {
    const state = stateOf({ engine: '/nowhere/docker.sock' });
    writeState(folder, state);
    const lines = await sweep();
    expect(lines).toEqual([
      expect.stringContaining('containers of stack a'),
      expect.stringMatching(/^Could not remove the remains of stack a: .*engine/),
    ]);
    expect(listStates(folder)).toEqual(['a']);
  });

  test('are recorded whole: a state is replaced, and forgotten without a trace', () => {
    const state = stateOf();
    writeState(folder, state);
    writeState(folder, { ...state, children: [] });
    expect(readState(folder, 'a')).toEqual({ ...state, children: [] });
    removeState(folder, 'a');
    expect(readState(folder, 'a')).toBeUndefined();
    expect(readdirSync(folder)).toEqual([`${throwAwayPrefix}a`]);
  });

  test('do not count a process that has ended and waits for its parent to notice', async () => {
    child.kill('SIGKILL');
    await waitFor('the child has ended', () => child.signalCode !== null);
    expect(isRunning(childIdentity)).toBe(false);
  });
});
