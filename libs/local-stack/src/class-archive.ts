import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, describeError } from '@prodsentinel/kernel';
import { fillCache, type Artifact } from './cache-folder.ts';
import type { ChildRegister } from './child-process.ts';
import { ManagedServer } from './managed-server.ts';
import type { PreparedServer } from './server.ts';

export interface Training {
  /** The server, with its data in `directory`. */
  readonly prepare: (directory: string, jvmOptions: readonly string[]) => Promise<PreparedServer>;
  readonly register: ChildRegister;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

/**
 * JVM options that halve the processor time of a server's start: they name an archive of its loaded classes, made once
 * by a training run. None, when this JVM cannot make one: that is said, and not tried again. An archive that does not
 * fit (another JVM, a moved cache) is ignored by the JVM.
 */
export async function obtainClassArchive(
  cache: string,
  artifact: Artifact,
  training: Training,
): Promise<string[]> {
  const folder = await fillCache(cache, artifact, async (draft) => {
    try {
      await train(draft, artifact.name, training);
    } catch (error) {
      if (training.signal.aborted) throw error;
      training.onProgress(`Going on without ${artifact.name}: ${describeError(error)}`);
    }
  });
  const archive = join(folder, archiveName);
  return existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`] : [];
}

const archiveName = 'classes.jsa';

async function train(draft: string, name: string, training: Training): Promise<void> {
  training.onProgress(`Preparing ${name}, for a faster start, once …`);
  const directory = join(draft, 'run');
  const archive = join(draft, archiveName);
  await mkdir(directory);
  const prepared = await training.prepare(directory, [`-XX:ArchiveClassesAtExit=${archive}`]);
  const server = new ManagedServer(prepared, training.register, {
    running: () => undefined,
    // Its start fails then, which tells the reason.
    endedUnasked: () => undefined,
  });
  try {
    await server.start(training.signal);
    const how = await server.stop('gracefully');
    if (!how?.startsWith('exit code')) {
      // Killed while it was writing.
      await rm(archive, { force: true });
      throw new AppError('unavailable', `the training run ended by ${how}`);
    }
  } finally {
    await server.stop('atOnce');
    await rm(directory, { recursive: true, force: true });
  }
}
