import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { checkReadable, hashFile, maxLineBytes, readLines, type LogLine } from '../src/replay/read-lines.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prodsentinel-read-lines-'));
});
afterAll(() => rm(folder, { recursive: true }));

test.each([
  ['', []],
  ['a', ['a']],
  ['a\n', ['a']],
  ['a\n\nb\n', ['a', '', 'b']],
  ['a\nb', ['a', 'b']],
  ['é\r\nb', ['é\r', 'b']],
])('the lines of %j are %j, gzipped or not', async (text, expected) => {
  expect(await linesOf(await write('plain', Buffer.from(text)))).toEqual(expected);
  expect(await linesOf(await write('zipped', gzipSync(text)))).toEqual(expected);
});

test('a line that spans many chunks stays whole, and lines are numbered from 1', async () => {
  const long = 'x'.repeat(maxLineBytes);
  const lines = await read(await write('long', Buffer.from(`a\n${long}\nb\n`)));
  expect(lines.map(({ number, bytes }) => [number, bytes?.length])).toEqual([
    [1, 1],
    [2, maxLineBytes],
    [3, 1],
  ]);
});

test('a line that can never be a record is told by its number, and not kept', async () => {
  const lines = await read(await write('longer', Buffer.from(`a\n${'x'.repeat(maxLineBytes + 1)}\nb\n`)));
  expect(lines.map(({ number, bytes }) => [number, bytes?.toString()])).toEqual([
    [1, 'a'],
    [2, undefined],
    [3, 'b'],
  ]);
});

test('the hash is of the bytes on disk', async () => {
  const bytes = gzipSync('a\n');
  expect(await hashFile(await write('hashed', bytes))).toBe(createHash('sha256').update(bytes).digest('hex'));
});

test('a file that is not there, or a broken gzip file, is named', async () => {
  const missing = join(folder, 'missing.ndjson');
  await expect(hashFile(missing)).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringContaining(missing),
  });
  await expect(checkReadable(missing)).rejects.toMatchObject({ code: 'invalid_input' });
  await expect(checkReadable(folder)).rejects.toMatchObject({ code: 'invalid_input' });
  await expect(read(missing)).rejects.toMatchObject({ code: 'invalid_input' });
  const cut = await write('cut', gzipSync('a\n'.repeat(10_000)).subarray(0, 30));
  await expect(read(cut)).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringContaining(cut),
  });
});

async function write(name: string, bytes: Buffer): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, bytes);
  return file;
}

async function read(file: string) {
  const lines: LogLine[] = [];
  for await (const line of readLines(file)) lines.push(line);
  return lines;
}

async function linesOf(file: string) {
  return (await read(file)).map(({ bytes }) => bytes?.toString());
}
