import type { AnalysisCompleted } from '@prodsentinel/contracts';
import { readTopic, type Codec, type KafkaConnection } from '@prodsentinel/messaging';

/** Analyses of one day that are read; more is refused, and then no model is asked. Some 10 KB each. */
const maxRecords = 100_000;

/**
 * What the analyses that were published on a UTC day cost: the truth about the day's spending when Redis has forgotten
 * it. A model's answer that was published again counts once.
 *
 * @param day YYYY-MM-DD
 * @returns dollars
 * @throws AppError `unavailable` when Kafka or the registry do not answer, `conflict` when there are too many
 */
export async function readSpending(connection: KafkaConnection, codec: Codec, day: string): Promise<number> {
  const sinceMs = Date.parse(`${day}T00:00:00Z`);
  const records = await readTopic(connection, 'analyses', { maxRecords, sinceMs });
  const paid = new Set<string>();
  let sum = 0;
  for (const { value } of records) {
    if (value === null) continue;
    const { requestId, source, dollars }: AnalysisCompleted = await codec.decode('analyses', value);
    if (source === 'model' && paid.has(requestId)) continue;
    if (source === 'model') paid.add(requestId);
    sum += dollars ?? 0;
  }
  return sum;
}
