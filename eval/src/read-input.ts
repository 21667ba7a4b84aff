import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { AppError, describeError } from '@prodsentinel/kernel';

/** A line of the input, numbered from 1; `bytes` is absent when it is longer than a record can be. */
export interface InputLine {
  readonly number: number;
  readonly bytes: Buffer | undefined;
}

/** Longer lines can never be a record: `max.message.bytes` of failures. */
export const maxLineBytes = 2 * 1024 * 1024;

/**
 * The lines of a file, or of standard input for `-`, gzipped or not (the first bytes tell). Of a line that is too long no
 * more than the bound is held.
 *
 * @throws AppError `invalid_input` naming the input when it cannot be read or is no whole gzip file
 */
export async function* readInput(file: string): AsyncGenerator<InputLine> {
  const stored = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: 256 * 1024 });
  try {
    yield* splitLines(inflated(stored));
  } catch (error) {
    const name = file === '-' ? 'standard input' : file;
    throw new AppError('invalid_input', `cannot read ${name}: ${describeError(error)}`, { cause: error });
  }
}

const lineFeed = 0x0a;

async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<InputLine> {
  let number = 1;
  let parts: Buffer[] = [];
  let length = 0;
  const add = (part: Buffer) => {
    length += part.length;
    if (length > maxLineBytes) parts = [];
    else parts.push(part);
  };
  const take = (): InputLine => {
    const bytes = length > maxLineBytes ? undefined : Buffer.concat(parts);
    parts = [];
    length = 0;
    return { number: number++, bytes };
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      add(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    if (start < chunk.length) add(chunk.subarray(start));
  }
  if (length > 0) yield take();
}

/** The content, through a gunzip when it starts as gzip does. */
async function* inflated(stored: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  const chunks = (stored as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  let next = await chunks.next();
  while (!next.done && (head = Buffer.concat([head, next.value])).length < 2) next = await chunks.next();
  const whole = (async function* () {
    yield head;
    for (let rest = await chunks.next(); !rest.done; rest = await chunks.next()) yield rest.value;
  })();
  if (head[0] !== 0x1f || head[1] !== 0x8b) return yield* whole;
  const content = createGunzip();
  const source = Readable.from(whole);
  source.on('error', (error) => content.destroy(error));
  for await (const chunk of source.pipe(content)) yield chunk as Buffer;
}
