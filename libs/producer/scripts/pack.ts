// Makes a package of this library that any application can install: `npm run pack -w @prodsentinel/producer [-- FOLDER]`.
// The sources themselves are run as they are only inside of this repository.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const home = join(import.meta.dirname, '..');
// npm runs this in the folder of the library, not where it was called.
const destination = resolve(process.env['INIT_CWD'] ?? '.', process.argv[2] ?? '.');
const draft = mkdtempSync(join(tmpdir(), 'prodsentinel-pack-'));
try {
  const { name, version, license, engines } = readPackage(join(home, 'package.json'));
  compileTo(join(draft, 'dist'));
  writeFileSync(
    join(draft, 'package.json'),
    JSON.stringify({
      name,
      version,
      license,
      engines,
      type: 'module',
      exports: { '.': entry('index'), './pino-transport': entry('pino-transport') },
    }),
  );
  copyFileSync(join(home, 'README.md'), join(draft, 'README.md'));
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const options = { cwd: draft, encoding: 'utf8', shell: process.platform === 'win32' } as const;
  const file = execFileSync(npm, ['pack', '--silent', '--pack-destination', destination], options).trim();
  console.log(join(destination, file));
} finally {
  rmSync(draft, { recursive: true, force: true });
}

function compileTo(folder: string): void {
  const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
  const args = [join(typescript, 'bin', 'tsc'), '-p', join(home, 'tsconfig.pack.json'), '--outDir', folder];
  execFileSync(process.execPath, args, { stdio: 'inherit' });
}

function entry(module: string): Record<string, string> {
  return { types: `./dist/${module}.d.ts`, default: `./dist/${module}.js` };
}

function readPackage(file: string): Record<string, unknown> {
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
}
