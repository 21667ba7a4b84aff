import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { AppError } from '@prodsentinel/kernel';

export const minimumJava = 17;

export interface Prerequisites {
  /** Path of a Java of at least `minimumJava`. */
  readonly java: string;
  /** All that this Java says of itself: another build may not take what this one made. */
  readonly javaVersion: string;
  /** Path of Maven, or undefined where it was not asked for. */
  readonly maven: string | undefined;
}

/**
 * Finds Java (in `JAVA_HOME`, else on the PATH), and Maven on the PATH when something is still to be downloaded.
 *
 * @throws AppError `unavailable` with one message that names all that is missing and how to get it
 */
export function findPrerequisites(env: NodeJS.ProcessEnv, needs: { readonly maven: boolean }): Prerequisites {
  const java = findJava(env);
  const maven = needs.maven ? findOnPath('mvn', env) : undefined;
  const problems = [
    ...('problem' in java ? [`Java ${minimumJava} or newer (${java.problem})`] : []),
    ...(needs.maven && !maven ? ['Maven 3 (there is no mvn on the PATH)'] : []),
  ];
  if ('problem' in java || problems.length > 0) throw new AppError('unavailable', adviceFor(problems));
  return { java: java.path, javaVersion: java.version, maven };
}

/** The file that a shell would run for this name, or undefined. */
export function findOnPath(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', '.bat'] : [''];
  const folders = (env['PATH'] ?? env['Path'] ?? '').split(delimiter).filter(Boolean);
  return folders
    .flatMap((folder) => endings.map((ending) => join(folder, name + ending)))
    .find((file) => isExecutable(file));
}

function findJava(env: NodeJS.ProcessEnv): { path: string; version: string } | { problem: string } {
  const home = env['JAVA_HOME'];
  const inHome = home ? findOnPath('java', { PATH: join(home, 'bin') }) : undefined;
  const path = inHome ?? findOnPath('java', env);
  if (!path) return { problem: 'there is no java in JAVA_HOME or on the PATH' };
  // A JVM prints its version to standard error.
  const { stderr, error } = spawnSync(path, ['-version'], { encoding: 'utf8', env });
  if (error) return { problem: `${path} does not start: ${error.message}` };
  const [, major, minor] = /version "(\d+)(?:\.(\d+))?/.exec(stderr) ?? [];
  const version = Number(major === '1' ? minor : major);
  if (version >= minimumJava) return { path, version: stderr.trim() };
  return { problem: version ? `${path} is Java ${version}` : `${path} does not tell its version` };
}

function adviceFor(problems: readonly string[]): string {
  return [
    `the local stack needs ${problems.join(' and ')}.`,
    'Install it and try again (Debian, Ubuntu: apt install openjdk-17-jre-headless maven; Fedora: dnf install',
    'java-21-openjdk-headless maven; macOS: brew install openjdk maven; Windows: winget install',
    'EclipseAdoptium.Temurin.21.JRE, and Maven from its site), or start a Docker engine, which is enough for the demo,',
    'or use servers of your own: set KAFKA_BROKERS, SCHEMA_REGISTRY_URL, REDIS_URL and DATABASE_URL',
  ].join(' ');
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
