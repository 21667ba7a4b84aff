import { afterAll, expect, jest, test } from '@jest/globals';
import { emptyRecord, type AnalysisCompleted } from '@prodsentinel/contracts';
import { untilAvailable } from '@prodsentinel/kernel';
import { createProducer } from '@prodsentinel/messaging';
import { TestCluster } from '../../../libs/messaging/test/test-cluster.ts';
import { readSpending } from '../src/adapters/kafka-spending.ts';

jest.setTimeout(60_000);

const cluster = new TestCluster();
afterAll(() => cluster.close());

test('the spending of a day is what its analyses cost, a repeated answer once', async () => {
  await cluster.setUp(2);
  const { connection, codec } = cluster;
  const today = new Date().toISOString().slice(0, 10);
  // A broker may not yet lead partitions that were only just made.
  const atFirst = await untilAvailable(() => readSpending(connection, codec, today), {
    signal: new AbortController().signal,
  });
  expect(atFirst).toEqual({ calls: 0, tokens: 0, dollars: 0 });
  const producer = createProducer({ connection, codec, topics: ['analyses'] });
  await producer.start(new AbortController().signal);
  const send = (key: string, value: Partial<AnalysisCompleted>) =>
    producer.send([{ topic: 'analyses', key, value: { ...emptyRecord('analyses'), ...value } }]);
  const answer = { requestId: 'a', source: 'model', dollars: 0.5, modelCalls: 1, inputTokens: 10 } as const;
  await send('1', answer);
  await send('2', answer);
  await send('3', { ...answer, requestId: 'b', dollars: 0.25 });
  await send('4', { requestId: 'b', source: 'rules', dollars: 0.125, modelCalls: 3, outputTokens: 5 });
  // Redis was emptied meanwhile: paid once more.
  await send('1', { ...answer, rootCause: 'something else', dollars: 1 });
  await send('5', { requestId: 'c', source: 'rules', dollars: null });
  await producer.stop();
  expect(await readSpending(connection, codec, today)).toEqual({ calls: 6, tokens: 35, dollars: 1.875 });
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  expect(await readSpending(connection, codec, tomorrow)).toEqual({
    calls: 0,
    tokens: 0,
    dollars: 0,
  });
});
