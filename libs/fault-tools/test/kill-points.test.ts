import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { createKillPoints, killVariable } from '../src/index.ts';

test('only the chosen visit of the chosen point kills', () => {
  const killed: string[] = [];
  const points = createKillPoints('claimed:2', () => killed.push('now'));
  points.reach('claimed');
  points.reach('published');
  expect(killed).toEqual([]);
  points.reach('claimed');
  points.reach('claimed');
  expect(killed).toEqual(['now']);
});

test('a malformed choice is refused, and none kills nothing', () => {
  expect(() => createKillPoints('claimed')).toThrow(killVariable);
  expect(() => createKillPoints('claimed:0')).toThrow(killVariable);
  expect(() => createKillPoints(undefined).reach('claimed')).not.toThrow();
});

test('the process dies at the point, by a signal that nothing can catch', () => {
  const fixture = join(import.meta.dirname, 'fixtures', 'three-steps.ts');
  const { signal, stdout } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', fixture], {
    env: { ...process.env, [killVariable]: 'step:2' },
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect({ signal, stdout }).toEqual({ signal: 'SIGKILL', stdout: 'step 1\n' });
});
