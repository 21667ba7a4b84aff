import { once } from 'node:events';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { RunningIngest } from './running-ingest.ts';

jest.setTimeout(90_000);

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
let ingest: RunningIngest;

beforeEach(async () => {
  ingest = new RunningIngest();
  await ingest.start();
});

afterEach(() => ingest.close());

test('what is answered as accepted is in Kafka, field by field, and the process leaves with 0 when asked', async () => {
  const time = '2026-01-02T03:04:05.123456Z';
  const answer = await send([
    {
      service: 'cart',
      level: 50,
      msg: 'boom \ud83d\ude00',
      time,
      env: 'x',
      err: { type: 'E', message: 'm', code: 'C' },
    },
    { level: 'info', msg: 'filtered' },
    { severityNumber: 'no' },
    { service: 'pay', signalId: 'mine', message: 'without a time' },
  ]);
  expect(answer).toMatchObject({ status: 207, body: { accepted: 2, filtered: 1, refused: [{ index: 2 }] } });

  const records = (await ingest.consume(2)).toSorted((a, b) =>
    a.value.message.localeCompare(b.value.message),
  );
  expect(records.map(({ key }) => key)).toEqual(Array(2).fill('0af7651916cd43dd8448eb211c80319c'));
  expect(records[0]!.headers).toMatchObject({ traceparent });
  expect(records[0]!.value).toMatchObject({
    signalId: expect.stringMatching(/^[0-9a-f]{64}:0$/),
    service: 'cart',
    environment: 'default',
    severityNumber: 17,
    severityText: 'error',
    message: 'boom 😀',
    occurredAt: Date.UTC(2026, 0, 2, 3, 4, 5, 123) * 1000 + 456,
    exception: { type: 'E', message: 'm', stack: null, causes: [] },
    attributes: { env: 'x', 'err.code': 'C' },
    receivedAt: expect.any(Number),
  });
  expect(records[1]!.value).toMatchObject({ signalId: 'mine', service: 'pay', occurredAt: null });

  ingest.process.send({ type: 'shutdown' });
  expect(await once(ingest.process, 'exit')).toEqual([0, null]);
});

test('a log record sent by OTLP is in Kafka when it is answered 200', async () => {
  const record = {
    severityNumber: 17,
    timeUnixNano: '1767323045123456000',
    traceId: '0af7651916cd43dd8448eb211c80319c',
    body: { stringValue: 'by OTLP' },
  };
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'cart' } }] };
  const response = await fetch(`${ingest.url}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record] }] }] }),
  });
  expect([response.status, await response.json()]).toEqual([200, {}]);
  const [inKafka] = await ingest.consume(1);
  expect(inKafka).toMatchObject({
    key: record.traceId,
    value: { kind: 'log', service: 'cart', message: 'by OTLP', occurredAt: 1_767_323_045_123_456 },
  });
});

test('a failure larger than most is in Kafka as it was sent', async () => {
  const message = 'é'.repeat(100_000);
  expect(await send([{ signalId: 'large', message }])).toMatchObject({ status: 202 });
  const [record] = await ingest.consume(1);
  expect(record!.value.message === message).toBe(true);
});

test('a process that is killed under load loses nothing that it has answered', async () => {
  const acknowledged: string[] = [];
  let isKilled = false;
  const sender = async (name: number) => {
    for (let n = 0; !isKilled; n++) {
      const ids = Array.from({ length: 5 }, (_, item) => `${name}-${n}-${item}`);
      try {
        const { status } = await send(ids.map((signalId) => ({ signalId, message: 'm', service: signalId })));
        if (status === 202) acknowledged.push(...ids);
      } catch {
        // The connection broke with the process: not acknowledged.
        return;
      }
      if (acknowledged.length > 500 && !isKilled) {
        isKilled = true;
        ingest.process.kill('SIGKILL');
      }
    }
  };
  await Promise.all(Array.from({ length: 20 }, (_, name) => sender(name)));
  await ingest.untilInKafka(acknowledged);
  expect(acknowledged.length).toBeGreaterThan(500);
});

async function send(items: object[]): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${ingest.url}/v1/failures`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent },
    body: JSON.stringify(items),
  });
  return { status: response.status, body: await response.json() };
}
