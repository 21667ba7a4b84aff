import { createHash } from 'node:crypto';
import type { AnalysisCompleted } from '@prodsentinel/contracts';
import { foldTopic, type Codec, type KafkaConnection } from '@prodsentinel/messaging';
import type { DaySpending } from '../diagnose/model-budget.ts';

/** Analyses of one day that are read; more is refused, and then no model is asked. Only their hashes are kept. */
const maxRecords = 1_000_000;
/** Milliseconds for reading them: requests wait for it, a process long past midnight only when Redis has forgotten. */
const deadlineMs = 100_000;

/**
 * What the analyses that were published on a UTC day cost: the truth about the day's spending when Redis has forgotten
 * it. A model's answer that was published again counts once; a rules answer each time, with what was spent in vain.
 *
 * @param day YYYY-MM-DD
 * @throws AppError `unavailable` when Kafka or the registry do not answer, `conflict` when there are too many
 */
export async function readSpending(
  connection: KafkaConnection,
  codec: Codec,
  day: string,
): Promise<DaySpending> {
  const paid = new Set<string>();
  const sum = { calls: 0, tokens: 0, dollars: 0 };
  const sinceMs = Date.parse(`${day}T00:00:00Z`);
  await foldTopic(connection, 'analyses', { maxRecords, deadlineMs, sinceMs }, async ({ value }) => {
    if (value === null) return;
    const analysis: AnalysisCompleted = await codec.decode('analyses', value);
    const { source, modelCalls, inputTokens, outputTokens, dollars } = analysis;
    // A sealed answer comes again byte by byte; another answer to the same request was paid for once more.
    const content = createHash('sha256').update(value).digest('base64');
    if (source === 'model' && paid.has(content)) return;
    if (source === 'model') paid.add(content);
    sum.calls += modelCalls;
    sum.tokens += (inputTokens ?? 0) + (outputTokens ?? 0);
    sum.dollars += dollars ?? 0;
  });
  return sum;
}
