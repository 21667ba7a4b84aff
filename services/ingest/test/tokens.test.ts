import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Health } from '@prodsentinel/process';
import { pino } from 'pino';
import { readIngestConfig } from '../src/config.ts';
import { createFindSender } from '../src/senders/find-sender.ts';
import { parseTokenFile } from '../src/senders/token-file.ts';
import { createIngestService } from '../src/service.ts';
import { FakeProducer } from './fake-producer.ts';
import { createTestApp, post } from './ingest-app.ts';

const token = 'ps_first-token';
const other = 'ps_second-token';

describe('tokens', () => {
  test.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Basic ${token}`,
    'Bearer wrong',
    `Bearer ${token}x`,
    token,
  ])('Authorization: %s is answered 401 with a challenge, before the body is read', async (authorization) => {
    const { app, producer } = createApp();
    for (const url of ['/v1/failures', '/ingest/logs', '/nothing-here']) {
      const answer = await app.inject({
        method: 'POST',
        url,
        headers: {
          'content-type': 'application/json',
          ...(authorization === undefined ? {} : { authorization }),
        },
        payload: '{"broken',
      });
      expect(answer.statusCode).toBe(401);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="prodsentinel"/);
      expect(answer.headers['content-type']).toContain('application/problem+json');
      expect(answer.json()).toMatchObject({ status: 401, code: 'unauthorized' });
      if (authorization) expect(answer.body).not.toContain(token);
    }
    expect(producer.sends).toEqual([]);
  });

  test('OTLP is told as OTLP says: a status UNAUTHENTICATED', async () => {
    const { app } = createApp();
    const headers = { 'content-type': 'application/json' };
    const answer = await app.inject({ method: 'POST', url: '/v1/logs', headers, payload: '{}' });
    expect([answer.statusCode, answer.json()]).toEqual([401, expect.objectContaining({ code: 16 })]);
    expect(answer.headers['www-authenticate']).toBeDefined();
  });

  test('a token sets the environment, whatever the sender says; a token without one leaves it', async () => {
    const { app, producer } = createApp();
    const body = { message: 'boom', environment: 'claimed' };
    expect((await post(app, body, { authorization: `Bearer ${token}` })).statusCode).toBe(202);
    expect((await post(app, body, { authorization: `bearer ${other}` })).statusCode).toBe(202);
    expect(producer.sent.map(({ value }) => value.environment)).toEqual(['production', 'claimed']);
  });

  test('sources that chose the same Idempotency-Key stay two; the repetition of one is recognised', async () => {
    const { app, producer } = createApp();
    for (const each of [token, other, token]) {
      const headers = { authorization: `Bearer ${each}`, 'idempotency-key': 'batch-1' };
      expect((await post(app, { message: 'boom' }, headers)).statusCode).toBe(202);
    }
    const [first, second, again] = producer.sent.map(({ value }) => value.signalId);
    expect(first).not.toBe(second);
    expect(again).toBe(first);
  });

  test.each([
    ['no JSON', `secret ${token}`],
    ['no tokens', '{}'],
    ['a token in the clear', JSON.stringify({ tokens: [{ name: 'a', token }] })],
    ['a member of no meaning', JSON.stringify({ tokens: [{ ...entry('a', token), [token]: 1 }] })],
    ['a hash that is none', JSON.stringify({ tokens: [{ name: 'a', sha256: token }] })],
    ['a rate of 0', JSON.stringify({ tokens: [{ ...entry('a', token), requestsPerSecond: 0 }] })],
    [
      'two rates of one name',
      JSON.stringify({ tokens: [entry('a', token), { ...entry('a', other), requestsPerSecond: 1 }] }),
    ],
  ])('a file with %s is refused, and not quoted', (_, text) => {
    const fault = catchError(() => parseTokenFile(text));
    expect(fault).toMatchObject({ code: 'configuration', message: expect.stringContaining('token file') });
    expect(fault.message).not.toContain(token);
  });
});

describe('the token file', () => {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end();
  });

  test('is read anew without a restart; a bad one is said and the one before kept; no secret is logged', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tokens-'));
    ends.push(() => rm(directory, { recursive: true }));
    const path = join(directory, 'tokens.json');
    const write = (text: string) => writeFile(path, text);
    await write(fileOf(entry('shop', token)));
    const { url, logged } = await startService(path, ends);
    expect(await statusOf(url, token)).toBe(202);
    expect(await statusOf(url, other)).toBe(401);

    await write(fileOf(entry('shop', other)));
    await until(async () => (await statusOf(url, other)) === 202);
    expect(await statusOf(url, token)).toBe(401);

    await write(`{"tokens": [ ${token}`);
    await until(() => logged().includes('files_unfit'));
    expect(await statusOf(url, other)).toBe(202);
    await rm(path);
    await until(() => logged().includes('cannot read INGEST_TOKENS_FILE'));
    expect(await statusOf(url, other)).toBe(202);

    await write(fileOf(entry('shop', token)));
    await until(async () => (await statusOf(url, token)) === 202);
    expect(logged()).not.toContain(token);
    expect(logged()).not.toContain(other);
    expect(logged()).not.toContain(entry('', token).sha256);
  });

  test.each([
    ['0.0.0.0', true],
    ['127.0.0.1', false],
  ])('on %s without TLS: it is said at start that tokens travel in the clear: %s', async (host, isSaid) => {
    const directory = await mkdtemp(join(tmpdir(), 'tokens-'));
    ends.push(() => rm(directory, { recursive: true }));
    const path = join(directory, 'tokens.json');
    await writeFile(path, fileOf(entry('shop', token)));
    const { logged } = await startService(path, ends, { INGEST_HOST: host });
    expect(logged().includes('"event":"tokens_in_the_clear"')).toBe(isSaid);
  });

  test.each(['{}', fileOf({ ...entry('a', token), requestsPerSecond: 1 }), undefined])(
    'that is unfit at start (%s) ends the start',
    async (content) => {
      const directory = await mkdtemp(join(tmpdir(), 'tokens-'));
      ends.push(() => rm(directory, { recursive: true }));
      const path = join(directory, 'tokens.json');
      if (content) await writeFile(path, content);
      await expect(startService(path, ends)).rejects.toMatchObject({ code: 'configuration' });
    },
  );
});

function entry(name: string, secret: string) {
  return { name, sha256: createHash('sha256').update(secret).digest('hex') };
}

function fileOf(...tokens: object[]): string {
  return JSON.stringify({ tokens });
}

function createApp() {
  const file = fileOf({ ...entry('shop', token), environment: 'production' }, entry('cart', other));
  return createTestApp({
    admission: { findSender: createFindSender(parseTokenFile(file)), take: async () => undefined },
  });
}

async function startService(
  path: string,
  ends: (() => Promise<unknown>)[],
  env: Record<string, string> = {},
) {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const config = readIngestConfig({
    KAFKA_BROKERS: 'localhost:1',
    SCHEMA_REGISTRY_URL: 'http://localhost:1',
    INGEST_PORT: '0',
    INGEST_TOKENS_FILE: path,
    ...env,
  });
  const context = { logger: pino(sink), health: new Health(), signal: new AbortController().signal };
  const service = createIngestService(config, context, { producer: new FakeProducer() });
  ends.push(() => service.stop());
  await service.start();
  return { url: service.addresses!['ingest']!, logged: () => lines.join('') };
}

async function statusOf(url: string, secret: string): Promise<number> {
  const answer = await fetch(`${url}/v1/failures`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}`, connection: 'close' },
    body: JSON.stringify({ message: 'boom' }),
  });
  await answer.arrayBuffer();
  return answer.status;
}

function catchError(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await wait(20);
}
