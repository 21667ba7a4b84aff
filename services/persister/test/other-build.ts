import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const database = join('libs', 'database', 'src');

/** A later release of everything: our files in a folder of their own, with a higher number and more migrations. */
export class OtherBuild {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async create(build: number, migrations: Readonly<Record<string, string>>): Promise<OtherBuild> {
    const directory = await mkdtemp(join(tmpdir(), `build-${build}-`));
    for (const folder of ['libs', 'schemas', join('services', 'persister')])
      await cp(join(root, folder), join(directory, folder), {
        recursive: true,
        filter: (path) => !path.includes(`${sep}node_modules`),
      });
    await cp(join(root, 'package.json'), join(directory, 'package.json'));
    await linkPackages(directory);
    await raiseBuild(directory, build);
    await addMigrations(join(directory, database, 'migrations'), migrations);
    return new OtherBuild(directory);
  }

  /** Of its persister. */
  get main(): URL {
    return pathToFileURL(join(this.#directory, 'services', 'persister', 'src', 'main.ts'));
  }

  /** Migrates a database as this build does, in a process of its own; answers what it applied or rejects with why not. */
  async migrateUp(url: string): Promise<string[]> {
    const library = pathToFileURL(join(this.#directory, database, 'index.ts')).href;
    const program = `import { migrateUp } from ${JSON.stringify(library)};
      console.log(JSON.stringify(await migrateUp(${JSON.stringify(url)})));`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const exited = once(child, 'exit') as Promise<[number | null]>;
    const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
    if (code !== 0) throw new Error(errors);
    return JSON.parse(output) as string[];
  }

  remove(): Promise<void> {
    return rm(this.#directory, { recursive: true, force: true });
  }
}

/** Packages of others are those of this checkout; ours are the copies. */
async function linkPackages(directory: string): Promise<void> {
  const modules = join(directory, 'node_modules');
  await mkdir(join(modules, '@prodsentinel'), { recursive: true });
  for (const name of await readdir(join(root, 'node_modules')))
    if (name !== '@prodsentinel') await symlink(join(root, 'node_modules', name), join(modules, name));
  for (const name of await readdir(join(directory, 'libs')))
    await symlink(join(directory, 'libs', name), join(modules, '@prodsentinel', name));
}

async function raiseBuild(directory: string, build: number): Promise<void> {
  const file = join(directory, database, 'migration-files.ts');
  const before = await readFile(file, 'utf8');
  const after = before.replace(/currentBuild = \d+/, `currentBuild = ${build}`);
  if (after === before) throw new Error(`${file}: no other number of the build could be set`);
  await writeFile(file, after);
}

async function addMigrations(folder: string, migrations: Readonly<Record<string, string>>): Promise<void> {
  const file = join(folder, 'checksums.json');
  const checksums = JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
  for (const [name, sql] of Object.entries(migrations)) {
    await writeFile(join(folder, `${name}.sql`), sql);
    checksums[name] = createHash('sha256').update(sql).digest('hex');
  }
  await writeFile(file, JSON.stringify(checksums));
}
