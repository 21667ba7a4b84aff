import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { AppError, describeError } from '@prodsentinel/kernel';

/** A line of a file, without its line feed. */
export interface LogLine {
  /** From 1. */
  readonly number: number;
  /** Absent when the line is longer than `maxLineBytes`: it was not kept. */
  readonly bytes: Buffer | undefined;
}

/** Longer lines can never be a record: this is what the topic takes (`max.message.bytes` of failures). */
export const maxLineBytes = 2 * 1024 * 1024;
const lineFeed = 0x0a;

/** @throws AppError `invalid_input` naming the file when it cannot be opened or is a folder */
export async function checkReadable(file: string): Promise<void> {
  try {
    const handle = await open(file);
    try {
      await handle.read(Buffer.alloc(1), 0, 1, 0);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw unreadable(file, error);
  }
}

/**
 * The SHA-256 of a file's bytes as they lie on disk, in hex.
 *
 * @throws AppError `invalid_input` naming the file when it cannot be read
 */
export async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(file), hash);
  } catch (error) {
    throw unreadable(file, error);
  }
  return hash.digest('hex');
}

/**
 * The lines of a file, gzipped or not (its first bytes tell), one at a time and in order. A line feed at the end of the
 * file begins no line; an empty line is a line.
 *
 * @throws AppError `invalid_input` naming the file when it cannot be read or is no whole gzip file
 */
export async function* readLines(file: string): AsyncGenerator<LogLine> {
  let number = 1;
  let line = new PendingLine();
  try {
    for await (const chunk of await openContent(file)) {
      const bytes = chunk as Buffer;
      let start = 0;
      for (let end = bytes.indexOf(lineFeed); end !== -1; end = bytes.indexOf(lineFeed, start)) {
        line.add(bytes.subarray(start, end));
        yield { number: number++, bytes: line.content };
        line = new PendingLine();
        start = end + 1;
      }
      line.add(bytes.subarray(start));
    }
  } catch (error) {
    throw unreadable(file, error);
  }
  if (line.length > 0) yield { number, bytes: line.content };
}

class PendingLine {
  length = 0;
  #parts: Buffer[] = [];

  add(part: Buffer): void {
    this.length += part.length;
    if (this.length > maxLineBytes) this.#parts = [];
    else if (part.length > 0) this.#parts.push(part);
  }

  get content(): Buffer | undefined {
    return this.length > maxLineBytes ? undefined : Buffer.concat(this.#parts);
  }
}

async function openContent(file: string): Promise<Readable> {
  const handle = await open(file);
  let magic: Buffer;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    magic = buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
  const stored = createReadStream(file, { highWaterMark: 256 * 1024 });
  if (!magic.equals(Buffer.from([0x1f, 0x8b]))) return stored;
  const content = createGunzip();
  stored.on('error', (error) => content.destroy(error));
  content.on('close', () => stored.destroy());
  return stored.pipe(content);
}

function unreadable(file: string, error: unknown): AppError {
  return new AppError('invalid_input', `cannot read ${file}: ${describeError(error)}`, { cause: error });
}
