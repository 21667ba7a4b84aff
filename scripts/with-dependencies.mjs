// The door for newcomers: runs a TypeScript entry point on the project's own Node, installing the dependencies first
// where they are missing. Plain JavaScript, because it must run on the Node that npm came with (20 or newer).
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const minimumNode = { major: 24, minor: 11 };

/** npm writes what it installed to node_modules/.package-lock.json: older than our lock means out of date. */
function dependenciesAreInstalled() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const have = JSON.parse(readFileSync(installed, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === '' ||
      entry.link ||
      entry.optional ||
      !path.startsWith('node_modules/') ||
      have[path]?.version === entry.version,
  );
}

function installDependencies() {
  console.error('ProdSentinel: installing dependencies (npm ci), once …');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const result = spawnSync(npm, ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (result.status === 0) return;
  console.error(
    'ProdSentinel: npm ci failed; its messages are above. Mend what it names and run the command again.',
  );
  process.exit(69);
}

function findNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > minimumNode.major || (major === minimumNode.major && minor >= minimumNode.minor))
    return process.execPath;
  const bundled = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  if (existsSync(bundled)) return bundled;
  console.error(
    `ProdSentinel needs Node ${minimumNode.major}.${minimumNode.minor} or newer, and npm has no package of it for ` +
      `${process.platform}-${process.arch}. This is Node ${process.versions.node}: install a newer one and try again.`,
  );
  process.exit(69);
}

if (!dependenciesAreInstalled()) installDependencies();
const [entry, ...args] = process.argv.slice(2);
const child = spawn(findNode(), ['--disable-warning=ExperimentalWarning', join(root, entry), ...args], {
  stdio: 'inherit',
});
// A terminal's Ctrl-C reaches the child by itself (same process group); only signals sent to us alone are passed on.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
process.on('SIGHUP', () => child.kill('SIGHUP'));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
