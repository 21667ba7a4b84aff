// What the image runs: a role by its name, else the command line.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const roles: Readonly<Record<string, () => Promise<unknown>>> = {
  ingest: () => import('../../services/ingest/src/main.ts'),
  analyzer: () => import('../../services/analyzer/src/main.ts'),
  persister: () => import('../../services/persister/src/main.ts'),
  shop: () => import('../../demo/src/shop-main.ts'),
};

const [role = ''] = process.argv.slice(2);
const start = roles[role];
if (role === '--version') {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    version: string;
  };
  process.stdout.write(
    `prodsentinel ${version}, revision ${process.env['PRODSENTINEL_REVISION'] ?? 'unknown'}, Node ${process.versions.node}\n`,
  );
} else if (start) {
  process.argv.splice(2, 1);
  await start();
} else {
  await import('../../cli/src/main.ts');
}
