import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createReporter } from '@prodsentinel/producer';
import { RunningIngest } from './running-ingest.ts';

jest.setTimeout(90_000);
let ingest: RunningIngest;

beforeEach(async () => {
  ingest = new RunningIngest();
  await ingest.start();
});
afterEach(() => ingest.close());

test('what the producer library reports is in Kafka, field by field', async () => {
  const reporter = createReporter({ url: ingest.url, service: 'cart', environment: 'test', release: '7' });
  reporter.report(new TypeError('outer', { cause: new RangeError('inner') }), {
    attributes: { order: '12' },
  });
  reporter.reportLogEntry({ level: 40, time: Date.UTC(2026, 0, 2), msg: 'slow', pid: 5 });
  reporter.reportLogEntry({ level: 30, msg: 'quiet' });
  expect(await reporter.close(30_000)).toBe(true);
  expect(reporter.stats()).toMatchObject({ accepted: 2, filtered: 1, refused: 0 });

  const values = (await ingest.consume(2)).map(({ value }) => value);
  expect(values.find(({ message }) => message === 'outer')).toMatchObject({
    signalId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    service: 'cart',
    environment: 'test',
    release: '7',
    host: expect.any(String),
    severityNumber: 17,
    occurredAt: expect.any(Number),
    exception: {
      type: 'TypeError',
      message: 'outer',
      stack: expect.stringContaining('TypeError: outer'),
      causes: [{ type: 'RangeError', message: 'inner', stack: expect.any(String) }],
    },
    attributes: { order: '12' },
  });
  expect(values.find(({ message }) => message === 'slow')).toMatchObject({
    service: 'cart',
    severityNumber: 13,
    occurredAt: Date.UTC(2026, 0, 2) * 1000,
    attributes: { pid: '5' },
  });
});

test('an ingest that is killed and comes back costs the library nothing', async () => {
  const reporter = createReporter({
    url: ingest.url,
    service: 'cart',
    maxBatchRecords: 20,
    minBackoffMs: 20,
  });
  const total = 400;
  for (let n = 0; n < total / 2; n++) reporter.report(new Error(`${n}`));
  const { port } = new URL(ingest.url);
  await ingest.kill();
  for (let n = total / 2; n < total; n++) reporter.report(new Error(`${n}`));
  await ingest.start({ INGEST_PORT: port });
  expect(await reporter.close(60_000)).toBe(true);
  expect(reporter.stats()).toMatchObject({ accepted: total, refused: 0, dropped: { queueFull: 0 } });
  const messages = new Set<string>();
  await ingest.consume((records) => {
    for (const { value } of records) messages.add(value.message);
    return messages.size === total;
  });
});
