import { readFile } from 'node:fs/promises';
import { setInterval } from 'node:timers';
import { AppError } from '@prodsentinel/kernel';
import type { Logger } from '@prodsentinel/process';

export interface WatchedFiles {
  /** Names the settings, for errors. */
  readonly settings: string;
  readonly paths: readonly string[];
  /** Takes the content into use; throws AppError when it is not fit for that. */
  readonly use: (contents: readonly string[]) => void;
  readonly logger: Logger;
}

/**
 * Reads files and takes them into use, now and whenever their content changes. Looks at the content and not at events:
 * mounted secrets are replaced by links that no event tells of. A new content that is unfit is said once, and what was
 * in use stays in use.
 *
 * @returns ends the watch
 * @throws AppError `configuration` when the first content cannot be read or used
 */
export async function useWatchedFiles(files: WatchedFiles): Promise<() => void> {
  let last = await readAll(files);
  files.use(last);
  let isLooking = false;
  let lastFault = '';
  const look = async () => {
    if (isLooking) return;
    isLooking = true;
    try {
      const contents = await readAll(files);
      if (contents.every((content, at) => content === last[at])) {
        // What could not be read may be back as it was.
        if (lastFault.startsWith('cannot read')) lastFault = '';
        return;
      }
      last = contents;
      lastFault = '';
      files.use(contents);
      files.logger.info(
        { event: 'files_reloaded', settings: files.settings },
        `${files.settings}: read anew`,
      );
    } catch (error) {
      const fault = (error as Error).message;
      if (fault !== lastFault) sayUnfit(files, fault);
      lastFault = fault;
    } finally {
      isLooking = false;
    }
  };
  const timer = setInterval(() => void look(), intervalMs).unref();
  return () => clearInterval(timer);
}

const intervalMs = 1000;

function sayUnfit({ logger, settings }: WatchedFiles, fault: string): void {
  logger.error(
    { event: 'files_unfit', settings },
    `${settings}: the new content is not used, the one before stays in use: ${fault}`,
  );
}

async function readAll({ paths, settings }: WatchedFiles): Promise<string[]> {
  try {
    return await Promise.all(paths.map((path) => readFile(path, 'utf8')));
  } catch (cause) {
    throw new AppError('configuration', `cannot read ${settings}: ${(cause as Error).message}`, { cause });
  }
}
