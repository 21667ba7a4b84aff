import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startTestIngest } from './test-ingest.ts';

jest.setTimeout(120_000);
const run = promisify(execFile);
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
let application: string;

// As an application elsewhere gets it: packed, and installed from the file.
beforeAll(async () => {
  application = await mkdtemp(join(tmpdir(), 'prodsentinel-application-'));
  const { stdout } = await run(process.execPath, [
    join(import.meta.dirname, '..', 'scripts', 'pack.ts'),
    application,
  ]);
  await writeFile(join(application, 'package.json'), '{"private": true}');
  await run(npm, ['install', '--offline', '--no-audit', '--no-fund', '--silent', stdout.trim()], {
    cwd: application,
    shell: process.platform === 'win32',
  });
});
afterAll(() => rm(application, { recursive: true, force: true }));

test.each([
  { system: 'ECMAScript modules', file: 'app.mjs', load: "await import('@prodsentinel/producer')" },
  { system: 'CommonJS', file: 'app.cjs', load: "require('@prodsentinel/producer')" },
])('packed and installed in an application of $system, it reports what that crashes with', async (row) => {
  const { url, requests, close } = await startTestIngest();
  const program = `
    const { createReporter, installProcessHooks } = ${row.load};
    installProcessHooks(createReporter({ url: '${url}', service: 'shop' }), { crashDeadlineMs: 20_000 });
    throw new RangeError('crashed');
  `;
  await writeFile(join(application, row.file), program);
  try {
    const crash = run(process.execPath, [row.file], { cwd: application });
    await expect(crash).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('RangeError: crashed'),
    });
    expect(requests.flatMap(({ items }) => items)).toMatchObject([
      { service: 'shop', exception: { type: 'RangeError', message: 'crashed' } },
    ]);
  } finally {
    close();
  }
});
