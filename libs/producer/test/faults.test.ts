import type { ServerResponse } from 'node:http';
import { afterEach, expect, test } from '@jest/globals';
import { createReporter, type Reporter, type ReporterOptions } from '../src/index.ts';
import { accept, answer, startTestIngest, type Item } from './test-ingest.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function ingest(...behave: Parameters<typeof startTestIngest>) {
  const started = await startTestIngest(...behave);
  closers.push(started.close);
  return started;
}

const quick = { service: 'cart', lingerMs: 1, minBackoffMs: 1, maxBackoffMs: 5, requestTimeoutMs: 200 };

function reporterTo(url: string, options: Partial<ReporterOptions> = {}): Reporter {
  const reporter = createReporter({ url, ...quick, ...options });
  closers.push(() => reporter.close(1));
  return reporter;
}

const misbehaviours: Record<string, (response: ServerResponse, items: Item[]) => void> = {
  'does not answer': () => {},
  'resets the connection': (response) => response.socket!.resetAndDestroy(),
  'stops in the middle of its answer': (response) => response.writeHead(202).write('{"accepted"'),
  'hangs up in the middle of its answer': (response) => {
    response.writeHead(202, { 'content-length': 1000 }).write('{"accepted"', () => {
      response.socket!.destroy();
    });
  },
  'answers without end': (response) => {
    const more = () => void (response.destroyed || response.write('x'.repeat(65_536), more));
    response.writeHead(202);
    more();
  },
  'does not speak HTTP': (response) => response.socket!.end('SSH-2.0-OpenSSH_9.2\r\n'),
  'answers 503': (response) => answer(response, 503, {}),
  'answers 500': (response) => answer(response, 500, {}),
  'answers 401': (response) => answer(response, 401, {}),
  'answers with another page': (response) => response.writeHead(202).end('<html>'),
  'answers with another JSON': (response) => answer(response, 202, { ok: true }),
  'sends elsewhere': (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
};

test.each(Object.entries(misbehaviours))(
  'ingest %s, and is well again: everything is settled',
  async (_, misbehave) => {
    const taken = new Set<string>();
    const { url, untilRequests } = await ingest((items, response, attempt) => {
      if (attempt <= 2) return misbehave(response, items);
      for (const { signalId } of items) taken.add(signalId);
      accept(response, items);
    });
    const problems: string[] = [];
    const reporter = reporterTo(url, {
      onProblem: (problem) => problems.push(problem),
      maxQueuedRecords: 20,
    });
    for (let n = 0; n < 10; n++) reporter.report(new Error(`${n}`));
    await untilRequests(2);
    for (let n = 0; n < 20; n++) reporter.report(new Error(`later ${n}`));
    expect(await reporter.flush(10_000)).toBe(true);
    const { accepted, dropped, failedRequests, queuedRecords, queuedBytes } = reporter.stats();
    expect({ failedRequests, queuedRecords, queuedBytes }).toEqual({
      failedRequests: 2,
      queuedRecords: 0,
      queuedBytes: 0,
    });
    expect([accepted, dropped.queueFull]).toEqual([20, 10]);
    expect(taken.size).toBe(20);
    expect(problems).toHaveLength(2);
  },
);

test('what is not settled in time is given up and counted, and the next is tried', async () => {
  let isIll = true;
  const { url } = await ingest((items, response) =>
    isIll ? answer(response, 503, {}) : accept(response, items),
  );
  const reporter = reporterTo(url, { maxRetryMs: 1 });
  reporter.report(new Error('too old'));
  expect(await reporter.flush(10_000)).toBe(true);
  isIll = false;
  reporter.report(new Error('new'));
  expect(await reporter.flush(10_000)).toBe(true);
  expect(reporter.stats()).toMatchObject({ accepted: 1, dropped: { expired: 1 } });
});

test('an error is reported however large it is, its texts cut until it fits', async () => {
  const { url, requests } = await ingest();
  const reporter = reporterTo(url);
  reporter.report(huge(huge(huge(huge(huge(huge(huge())))))));
  reporter.reportLogEntry({
    level: 50,
    msg: 'y'.repeat(1_000_000),
    err: { type: 'E', message: 'm', stack: 's'.repeat(1_000_000) },
    rows: Array.from({ length: 100_000 }, (_, n) => n),
  });
  await reporter.flush();
  expect(reporter.stats()).toMatchObject({ accepted: 2, dropped: { tooLarge: 0 } });
  const [error, entry] = requests.flatMap(({ items }) => items);
  expect(error).toMatchObject({ message: expect.stringMatching(/^x{4096}…$/), exception: { type: 'Error' } });
  expect((error!['exception'] as { causes: unknown[] }).causes).toHaveLength(6);
  expect(entry).toMatchObject({ msg: expect.stringMatching(/^y{256}…$/), err: { type: 'E', message: 'm' } });
});

test('what an error holds is reported whatever it does when it is read', async () => {
  const { url, requests } = await ingest();
  const reporter = reporterTo(url);
  for (const name of ['stack', 'cause', 'constructor', 'code', 'toJSON']) reporter.report(nasty(name));
  const circular: Record<string, unknown> = { order: 12n };
  circular['self'] = circular;
  reporter.report(circular);
  reporter.reportLogEntry({ level: 50, msg: 'circular', circular });
  reporter.report(Object.assign(new Error('refused'), { code: 'ECONNREFUSED', message: { not: 'a text' } }));
  reporter.report(new AggregateError([new RangeError('first'), new Error('second')], 'all failed'));
  await reporter.flush();
  expect(reporter.stats()).toMatchObject({ accepted: 9, dropped: { unserializable: 0 } });
  const items = requests.flatMap(({ items: each }) => each);
  expect(items.slice(0, 5).map(({ message }) => message)).toEqual(Array(5).fill('nasty'));
  expect(items.slice(5)).toMatchObject([
    { message: expect.stringContaining('order: 12n'), exception: { type: 'object' } },
    { msg: 'circular', circular: { order: '12', self: '[Circular]' } },
    { message: "{ not: 'a text' }", attributes: { 'exception.code': 'ECONNREFUSED' } },
    { exception: { type: 'AggregateError', causes: [{ type: 'RangeError', message: 'first' }] } },
  ]);
});

test.each([
  [{ url: 'localhost:8080' }, 'url'],
  [{ url: '' }, 'url'],
  [{ token: 'two\nlines' }, 'token'],
  [{ whenFull: 'drop-some' as 'drop-oldest' }, 'whenFull'],
  [{ maxBackoffMs: 2 ** 31 }, 'maxBackoffMs'],
  [{ maxQueuedRecords: '10' as unknown as number }, 'maxQueuedRecords'],
])('the setting %j is refused by its name, and a secret is not shown', (setting, name) => {
  const create = () => createReporter({ url: 'http://127.0.0.1:1', ...quick, ...setting });
  expect(create).toThrow(TypeError);
  expect(create).toThrow(name);
  expect(create).not.toThrow('two');
});

function huge(cause?: unknown): Error {
  return new Error('x'.repeat(1_000_000), { cause });
}

function nasty(name: string): Error {
  return Object.defineProperty(new TypeError('nasty'), name, {
    get() {
      throw new Error(name);
    },
  });
}
