import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError } from '@prodsentinel/kernel';
import type { MessagingLogger } from './kafka-client.ts';

/** What a registry last said, for when it does not answer. Neither a file that cannot be read nor one that cannot be written stops anything. */
export interface SchemaCache {
  /** The registry's id of our schema under a subject. */
  readId(subject: string, schema: string): Promise<number | undefined>;
  writeId(subject: string, schema: string, id: number): Promise<void>;
  readSchema(id: number): Promise<string | undefined>;
  writeSchema(id: number, schema: string): Promise<void>;
}

export interface SchemaCacheOptions {
  /** Made when it is not there. */
  readonly folder: string;
  /** Ids mean something within one registry only. */
  readonly registryUrl: string;
  readonly logger: MessagingLogger;
}

/** Files below the folder, one for each answer, each with a checksum before it. */
export function openSchemaCache({ folder, registryUrl, logger }: SchemaCacheOptions): SchemaCache {
  const place = join(folder, sha256(withoutCredentials(registryUrl)).slice(0, 16));
  const files = new CheckedFiles(place, logger);
  const idFile = (subject: string, schema: string) => `id-${sha256(`${subject}\n${schema}`).slice(0, 32)}`;
  return {
    async readId(subject, schema) {
      const text = await files.read(idFile(subject, schema));
      return text === undefined ? undefined : Number(text);
    },
    writeId: (subject, schema, id) => files.write(idFile(subject, schema), String(id)),
    readSchema: (id) => files.read(`schema-${id}`),
    writeSchema: (id, schema) => files.write(`schema-${id}`, schema),
  };
}

class CheckedFiles {
  readonly #folder: string;
  readonly #logger: MessagingLogger;

  constructor(folder: string, logger: MessagingLogger) {
    this.#folder = folder;
    this.#logger = logger;
  }

  async read(name: string): Promise<string | undefined> {
    const file = join(this.#folder, name);
    let content: string;
    try {
      content = await readFile(file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#logger.warn({ event: 'schema_cache_refused', file }, describeError(error));
      return undefined;
    }
    const [checksum, ...rest] = content.split('\n');
    const text = rest.join('\n');
    if (checksum === sha256(text)) {
      this.#logger.warn(
        { event: 'schema_from_cache', file },
        'the registry is away: what it said before holds',
      );
      return text;
    }
    this.#logger.warn({ event: 'schema_cache_refused', file }, 'the file is not what was written: not used');
    return undefined;
  }

  /** Under another name first: whoever reads finds the old file or the new one. */
  async write(name: string, text: string): Promise<void> {
    const file = join(this.#folder, name);
    const draft = `${file}.${randomUUID()}`;
    try {
      await mkdir(this.#folder, { recursive: true });
      await writeFile(draft, `${sha256(text)}\n${text}`, { flag: 'wx', flush: true });
      await rename(draft, file);
    } catch (error) {
      this.#logger.warn({ event: 'schema_not_kept', file }, describeError(error));
      await rm(draft, { force: true }).catch((failure: unknown) =>
        this.#logger.debug({ event: 'draft_left', draft }, describeError(failure)),
      );
    }
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function withoutCredentials(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname.replace(/\/$/, '');
}
