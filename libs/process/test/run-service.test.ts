import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function startFixture(env: Record<string, string> = {}) {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'fixture-service.ts')],
    { env: { ...env }, stdio: ['pipe', 'pipe', 'pipe', 'ipc'] },
  );
  children.push(child);
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  const ready = once(child, 'message') as Promise<[{ addresses: { health: string } }]>;
  return { child, exited, ready, output: () => output };
}

async function exitCode(exited: Promise<[number | null, string | null]>): Promise<number | string | null> {
  const [code, signal] = await exited;
  return code ?? signal;
}

test.each<[string, (child: ChildProcess) => unknown]>([
  ['SIGTERM', (child) => child.kill('SIGTERM')],
  ['SIGINT', (child) => child.kill('SIGINT')],
  ['a message on the control channel', (child) => child.send({ type: 'shutdown' })],
  ['the line shutdown on standard input', (child) => child.stdin?.write('shutdown\n')],
  ['the end of the control channel', (child) => child.disconnect()],
])('stops in order and exits 0 on %s, so that no platform needs signals', async (_how, ask) => {
  const { child, ready, exited, output } = startFixture();
  await ready;
  ask(child);
  expect([await exitCode(exited), output()]).toEqual([0, expect.stringContaining('stopped')]);
});

test('says where it can be reached, and is live and ready there', async () => {
  const { child, ready, exited } = startFixture();
  const [{ addresses }] = await ready;
  const answers = await Promise.all(
    ['live', 'ready'].map(async (path) => (await fetch(`${addresses.health}/health/${path}`)).json()),
  );
  expect(answers).toEqual([
    { live: true },
    { ready: true, stages: { work: { state: 'running', reason: '' } } },
  ]);
  const metrics = await (await fetch(`${addresses.health}/metrics`)).text();
  expect(metrics).toContain('process_cpu_seconds_total');
  child.send({ type: 'shutdown' });
  expect(await exitCode(exited)).toBe(0);
});

test('a second request exits at once', async () => {
  const { child, ready, exited, output } = startFixture({ HANGS: 'true' });
  await ready;
  child.send({ type: 'shutdown' });
  child.send({ type: 'shutdown' });
  expect([await exitCode(exited), output()]).toEqual([1, expect.stringContaining('exiting at once')]);
});

test('what hangs in its stop is ended after the grace period', async () => {
  const { child, ready, exited, output } = startFixture({ HANGS: 'true', SHUTDOWN_GRACE_MS: '100' });
  await ready;
  child.send({ type: 'shutdown' });
  expect([await exitCode(exited), output()]).toEqual([
    1,
    expect.stringContaining('not stopped after 100 ms'),
  ]);
});

test('what a library keeps open after an orderly stop is named and not waited for: the stop was orderly', async () => {
  const { child, ready, exited, output } = startFixture({ LINGERS: 'true' });
  await ready;
  child.send({ type: 'shutdown' });
  expect([await exitCode(exited), output()]).toEqual([0, expect.stringContaining('exit_lingering')]);
});

test('a service that cannot go on stops, says why, and exits 1', async () => {
  const { exited, output } = startFixture({ FAILS: 'true' });
  expect([await exitCode(exited), output()]).toEqual([1, expect.stringContaining('cannot go on')]);
});

test('wrong settings exit 78, naming all of them, before anything is started', async () => {
  const { exited, output } = startFixture({ HANGS: 'maybe', LOG_LEVEL: 'loud' });
  expect(await exitCode(exited)).toBe(78);
  expect(output()).toMatch(/LOG_LEVEL: expected one of .*\n {2}HANGS: expected true or false/);
});
