import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, jest, test } from '@jest/globals';
import { startTestIngest } from './test-ingest.ts';

jest.setTimeout(60_000);
const home = join(import.meta.dirname, '..');
const readme = readFileSync(join(home, 'README.md'), 'utf8');

// The README's own programs, as they stand there.
test.each([
  { name: 'stream', sent: ['checkout failed', 'card expired'] },
  { name: 'transport', sent: ['checkout failed'] },
])('the README: $name', async ({ name, sent }) => {
  const { url, requests, close } = await startTestIngest();
  try {
    const { exitCode, stdout, stderr } = await runProgram(name, url);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain('"msg":"checkout failed"');
    const items = requests.flatMap(({ items: each }) => each);
    expect(items.map(({ msg, message }) => msg ?? message)).toEqual(sent);
    expect(items[0]).toMatchObject({
      service: 'cart',
      environment: 'production',
      level: 50,
      err: { type: 'Error', message: 'payment refused', stack: expect.stringContaining('at ') },
    });
  } finally {
    close();
  }
});

async function runProgram(name: string, url: string) {
  const program = new RegExp(`^\`\`\`js ${name}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(readme)![1]!;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: home,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', INGEST_URL: url },
  });
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { stdout, stderr, exitCode };
}
