// Types, lint, format, module boundaries: everything a reviewer should not have to say.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const bin = (name: string) => join(root, 'node_modules', '.bin', name);

const checks: readonly { name: string; command: string; args: string[] }[] = [
  { name: 'types', command: bin('tsc'), args: ['-p', '.'] },
  { name: 'lint', command: bin('oxlint'), args: ['--type-aware', '--deny-warnings'] },
  { name: 'format', command: bin('prettier'), args: ['--check', '--log-level', 'warn', '.'] },
  {
    name: 'boundaries',
    command: bin('depcruise'),
    args: [
      '--config',
      '.dependency-cruiser.cjs',
      'libs',
      'services',
      'cli',
      'demo',
      'e2e',
      'eval',
      'bench',
      'deploy',
    ],
  },
  { name: 'Dockerfile', command: bin('dockerfilelint'), args: ['-c', '.', 'Dockerfile'] },
  ...composeCheck(),
];

const failed = checks.filter(({ name, command, args }) => {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error) console.error(`${name}: could not start ${command}: ${error.message}`);
  return status !== 0;
});
console.log(
  failed.length === 0 ? 'check: all good' : `check: failed: ${failed.map(({ name }) => name).join(', ')}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;

/** Needs the docker command with its compose plugin, not an engine. */
function composeCheck() {
  if (spawnSync('docker', ['compose', 'version']).status !== 0) {
    console.log('check: skipped: docker-compose.yml (docker with its compose plugin is not here)');
    return [];
  }
  return [{ name: 'docker-compose.yml', command: 'docker', args: ['compose', 'config', '--quiet'] }];
}
