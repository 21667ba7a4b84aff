import { createHash } from 'node:crypto';
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { identifyProcess, isRunning } from './process-identity.ts';

/** The platform's place for what can be had again: `XDG_CACHE_HOME`, else the usual one. */
export function cacheFolder(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): string {
  // The XDG specification says to ignore a relative path.
  if (env['XDG_CACHE_HOME'] && isAbsolute(env['XDG_CACHE_HOME'])) {
    return join(env['XDG_CACHE_HOME'], 'prodsentinel');
  }
  const home = env['HOME'] || homedir();
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'prodsentinel');
  if (platform === 'win32') {
    return join(env['LOCALAPPDATA'] || join(home, 'AppData', 'Local'), 'prodsentinel', 'cache');
  }
  return join(home, '.cache', 'prodsentinel');
}

/** Something that is made once and kept between runs. */
export interface Artifact {
  readonly name: string;
  /** Everything that decides what is in it: another recipe is another artifact. */
  readonly recipe: string;
}

export function artifactFolder(cache: string, { name, recipe }: Artifact): string {
  return join(cache, `${name}-${createHash('sha256').update(recipe).digest('hex').slice(0, 12)}`);
}

export async function isCached(cache: string, artifact: Artifact): Promise<boolean> {
  return access(artifactFolder(cache, artifact)).then(
    () => true,
    () => false,
  );
}

/**
 * The folder of an artifact, made by `fill` where it is missing. `fill` writes to a draft that is renamed when it is
 * complete: a killed one is never taken for good, and of two at once the first to finish wins.
 */
export async function fillCache(
  cache: string,
  artifact: Artifact,
  fill: (draft: string) => Promise<void>,
): Promise<string> {
  const target = artifactFolder(cache, artifact);
  if (await isCached(cache, artifact)) return target;
  await mkdir(cache, { recursive: true });
  await removeDeadDrafts(cache);
  const draft = join(cache, draftName(artifact.name));
  try {
    await mkdir(draft);
    await fill(draft);
    await rename(draft, target).catch(async (error: NodeJS.ErrnoException) => {
      // Somebody else was faster: theirs is as good as ours.
      if (!(await isCached(cache, artifact))) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return target;
}

let drafts = 0;

function draftName(name: string): string {
  const started = identifyProcess(process.pid)?.started ?? '';
  drafts += 1;
  return `${draftPrefix}${process.pid}.${createHash('sha256').update(started).digest('hex').slice(0, 16)}.${drafts}.${name}`;
}

const draftPrefix = '.draft.';

async function removeDeadDrafts(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith(draftPrefix)) continue;
    const [pid = '', started = ''] = name.slice(draftPrefix.length).split('.');
    const identity = identifyProcess(Number(pid));
    const isAlive =
      identity !== undefined &&
      isRunning(identity) &&
      createHash('sha256').update(identity.started).digest('hex').startsWith(started);
    if (!isAlive) await rm(join(cache, name), { recursive: true, force: true });
  }
}
