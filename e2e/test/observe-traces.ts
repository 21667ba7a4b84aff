import type { Oracle } from '@prodsentinel/fault-tools';
import type { RawProducer } from '@prodsentinel/messaging';
import { expect } from '@jest/globals';
import type { WholeSystem } from './whole-system.ts';

export const failuresPerTrace = 3;

/** Sends traces, the last failure of each on another partition than the others. */
export async function sendTraces(producer: RawProducer, oracle: Oracle, count: number): Promise<void> {
  const traces = oracle.issue(count);
  await producer.sendRaw(
    traces.flatMap((trace, n) =>
      Array.from({ length: failuresPerTrace }, (_, i) => ({
        topic: 'failures' as const,
        key: i === failuresPerTrace - 1 ? `elsewhere/${trace}` : trace,
        value: Buffer.from(
          JSON.stringify({
            signalId: `${trace}/${i}`,
            traceId: trace,
            service: `service-${n % 4}`,
            severityNumber: 17,
            message: `the step ${['before', 'behind', 'within', 'after'][n % 4]} it failed`,
          }),
        ),
      })),
    ),
  );
  oracle.acknowledge(traces);
}

/** What the database holds, beside what was sent since `before`: each failure once, and no trace missing. */
export async function expectCountedOnce(
  whole: WholeSystem,
  oracle: Oracle,
  before: { failures: number },
): Promise<void> {
  await whole.settled();
  const totals = await whole.totals();
  const rows = await whole.database.query<{ trace_id: string }>('select distinct trace_id from traces');
  const account = oracle.account(rows.map(({ trace_id }) => trace_id));
  expect(account.lost).toEqual([]);
  expect(totals.failures - before.failures).toBe(account.acknowledged * failuresPerTrace);
  expect(totals.deadLetters).toBe(0);
}
