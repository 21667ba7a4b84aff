import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, expect, jest, test } from '@jest/globals';
import { startTestIngest } from './test-ingest.ts';

jest.setTimeout(60_000);
let close: () => void;
afterEach(() => close());

test.each([
  { way: 'throw', code: 1, stderr: /Error: uncaught\n\s+at /, sent: ['before', 'uncaught'] },
  { way: 'reject', code: 1, stderr: /Error: unhandled\n\s+at /, sent: ['before', 'unhandled'] },
  { way: 'handle', code: 7, stderr: /^$/, sent: ['before', 'handled'] },
  { way: 'end', code: 0, stderr: /^$/, sent: ['before'] },
])(
  'a process that ends by $way has reported, and ends as Node would',
  async ({ way, code, stderr, sent }) => {
    const ingest = await startTestIngest();
    close = ingest.close;
    const { exitCode, output } = await run(way, ingest.url, 20_000);
    expect(output).toMatch(stderr);
    expect(exitCode).toBe(code);
    expect(ingest.requests.flatMap(({ items }) => items.map(({ message }) => message))).toEqual(sent);
  },
);

test('an ingest that is away delays neither crash nor end for good', async () => {
  const ingest = await startTestIngest(() => {});
  close = ingest.close;
  expect((await run('throw', ingest.url, 50)).exitCode).toBe(1);
  expect((await run('end', ingest.url, 50)).exitCode).toBe(0);
});

async function run(way: string, url: string, deadlineMs: number) {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'host-process.ts'), way, url, `${deadlineMs}`],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '' },
    },
  );
  const [output, [exitCode]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { output, exitCode: exitCode as number | null };
}
