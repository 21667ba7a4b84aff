import { afterEach, expect, test } from '@jest/globals';
import pino from 'pino';
import { createPinoStream, createReporter, type Reporter, type ReporterOptions } from '../src/index.ts';
import { accept, answer, startTestIngest } from './test-ingest.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const quick = { service: 'cart', lingerMs: 1, minBackoffMs: 1, maxBackoffMs: 5 };

async function ingest(...behave: Parameters<typeof startTestIngest>) {
  const started = await startTestIngest(...behave);
  closers.push(started.close);
  return started;
}

function reporterTo(url: string, options: Partial<ReporterOptions> = {}): Reporter {
  const reporter = createReporter({ url, ...quick, ...options });
  closers.push(() => reporter.close(1));
  return reporter;
}

test('an error is sent with its chain of causes, an id, a time, who sent it and the token', async () => {
  const { url, requests } = await ingest();
  const reporter = reporterTo(url, { environment: 'production', release: '1.2', token: 'secret' });
  reporter.report(new TypeError('outer', { cause: new RangeError('inner', { cause: 'text' }) }));
  expect(await reporter.flush()).toBe(true);
  expect(requests[0]!.headers.authorization).toBe('Bearer secret');
  expect(requests[0]!.items).toEqual([
    expect.objectContaining({
      signalId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      time: expect.stringMatching(/Z$/),
      service: 'cart',
      environment: 'production',
      release: '1.2',
      severityNumber: 17,
      message: 'outer',
      exception: {
        type: 'TypeError',
        message: 'outer',
        stack: expect.stringContaining('TypeError: outer'),
        causes: [
          { type: 'RangeError', message: 'inner', stack: expect.any(String) },
          { type: 'string', message: 'text' },
        ],
      },
    }),
  ]);
});

test('pino: WARN and above is passed on, with what pino knows', async () => {
  const { url, requests } = await ingest();
  const reporter = reporterTo(url);
  const logger = pino(
    { level: 'trace' },
    pino.multistream([{ level: 'trace', stream: createPinoStream(reporter) }]),
  );
  logger.info('quiet');
  logger.warn({ orderId: 7 }, 'slow');
  logger.error(new Error('broken'), 'failed');
  createPinoStream(reporter).write('plain text\n');
  await reporter.flush();
  expect(requests.flatMap(({ items }) => items)).toEqual([
    expect.objectContaining({
      level: 40,
      msg: 'slow',
      orderId: 7,
      service: 'cart',
      signalId: expect.any(String),
    }),
    expect.objectContaining({
      level: 50,
      msg: 'failed',
      err: expect.objectContaining({ message: 'broken' }),
    }),
    expect.objectContaining({ message: 'plain text' }),
  ]);
});

test('what was not taken is sent again with the same ids, and counted once', async () => {
  const { url, requests } = await ingest((items, response, attempt) => {
    if (attempt === 1) response.socket!.destroy();
    else if (attempt === 2) answer(response, 503, { code: 'unknown_outcome' });
    else accept(response, items);
  });
  const reporter = reporterTo(url);
  reporter.report(new Error('a'));
  expect(await reporter.flush()).toBe(true);
  expect(new Set(requests.map(({ items }) => items[0]!.signalId)).size).toBe(1);
  expect(reporter.stats()).toMatchObject({
    accepted: 1,
    failedRequests: 2,
    queuedRecords: 0,
    queuedBytes: 0,
  });
});

test.each(['drop-newest', 'drop-oldest'] as const)('a full queue drops and counts: %s', async (whenFull) => {
  let isAway = true;
  const { url, requests } = await ingest((items, response) =>
    isAway ? answer(response, 503, {}) : accept(response, items),
  );
  const reporter = reporterTo(url, { maxQueuedRecords: 3, whenFull });
  for (let n = 0; n < 10; n++) reporter.report(new Error(`${n}`));
  expect(reporter.stats()).toMatchObject({ queuedRecords: 3, dropped: { queueFull: 7 } });
  isAway = false;
  await reporter.flush();
  const sent = requests.at(-1)!.items.map(({ message }) => message);
  expect(sent).toEqual(whenFull === 'drop-newest' ? ['0', '1', '2'] : ['7', '8', '9']);
});

test('what ends the process takes the place of the oldest in a full queue', async () => {
  const { url } = await ingest(() => {});
  const reporter = reporterTo(url, { maxQueuedRecords: 2, lingerMs: 60_000 });
  for (const message of ['first', 'second', 'third']) reporter.report(new Error(message));
  reporter.reportCrash(new Error('the end'));
  const left = reporter.unsettled().map((json) => (JSON.parse(json) as { message: string }).message);
  expect(left).toEqual(['second', 'the end']);
  expect(reporter.stats().dropped.queueFull).toBe(2);
});

test('bytes are bounded as well, what is in flight included', async () => {
  const never = await ingest(() => {});
  const reporter = reporterTo(never.url, { maxQueuedBytes: 20_000, maxRecordBytes: 10_000 });
  reporter.report(new Error('first'));
  await never.untilRequests(1);
  for (let n = 0; n < 100; n++) reporter.report(new Error('x'.repeat(1000)));
  reporter.report(new Error('first'), { attributes: { body: 'x'.repeat(30_000) } });
  const { queuedBytes, queuedRecords, dropped } = reporter.stats();
  expect(queuedBytes).toBeLessThanOrEqual(20_000);
  expect(queuedRecords + dropped.queueFull).toBe(101);
  expect(dropped.tooLarge).toBe(1);
});

test('a record that spoils its batch is found by halving, the others arrive', async () => {
  const { url } = await ingest((items, response) =>
    items.some(({ message }) => message === '5') ? answer(response, 400, {}) : accept(response, items),
  );
  const reporter = reporterTo(url);
  for (let n = 0; n < 10; n++) reporter.report(new Error(`${n}`));
  expect(await reporter.flush()).toBe(true);
  expect(reporter.stats()).toMatchObject({ accepted: 9, refused: 1, queuedRecords: 0, queuedBytes: 0 });
});

test('nothing that an application reports throws, nor a handler of its own', async () => {
  const { url } = await ingest();
  const reporter = reporterTo(url, {
    onProblem() {
      throw new Error('handler');
    },
  });
  const hostile = Object.defineProperty(new Error('x'), 'stack', {
    get() {
      throw new Error('getter');
    },
  });
  const cyclic = new Error('cyclic');
  cyclic.cause = cyclic;
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  const values = [hostile, circular, { toString: null }, 1n, Symbol('s'), undefined, null, cyclic, () => 1];
  for (const value of [...values, Object.create(null)]) reporter.report(value);
  expect(await reporter.flush()).toBe(true);
  const { accepted, dropped, handlerErrors } = reporter.stats();
  expect([accepted + dropped.unserializable, handlerErrors]).toEqual([10, dropped.unserializable]);
  expect(accepted).toBeGreaterThanOrEqual(8);
});

test('flush ends at its deadline and keeps what it could not send; close counts it', async () => {
  const { url } = await ingest(() => {});
  const reporter = reporterTo(url);
  reporter.report(new Error('a'));
  expect(await reporter.flush(20)).toBe(false);
  expect(reporter.stats().queuedRecords).toBe(1);
  expect(await reporter.close(1)).toBe(false);
  reporter.report(new Error('late'));
  expect(reporter.stats()).toMatchObject({ queuedRecords: 0, queuedBytes: 0, dropped: { closed: 2 } });
});

test('a setting that cannot be used is named', () => {
  expect(() => createReporter({ url: 'http://x', service: '' })).toThrow('service');
  expect(() => createReporter({ url: 'ftp://x', service: 's' })).toThrow('url');
  expect(() => createReporter({ url: 'http://x', service: 's', lingerMs: 0 })).toThrow('lingerMs');
});
