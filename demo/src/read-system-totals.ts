import { deadLetterTopicOf, topics } from '@prodsentinel/contracts';
import { readTotals, type Database, type Totals } from '@prodsentinel/database';
import { countRecords, type KafkaConnection } from '@prodsentinel/messaging';

/** What the database and the dead-letter topics hold. */
export interface SystemTotals extends Totals {
  /** Records in all dead-letter topics. */
  readonly deadLetters: number;
}

/**
 * Reads the totals: counts from the database, dead letters from their topics.
 *
 * @throws AppError `unavailable` when the database or Kafka is away
 */
export async function readSystemTotals(
  connection: KafkaConnection,
  database: Database,
): Promise<SystemTotals> {
  const totals = await readTotals(database);
  return { ...totals, deadLetters: await countRecords(connection, topics.map(deadLetterTopicOf)) };
}
