import { randomUUID } from 'node:crypto';
import { AppError, withDeadline } from '@prodsentinel/kernel';
import type { EachMessagePayload } from 'kafkajs';
import { fromKafkaError } from './errors.ts';
import { clusterName, createKafkaClient, type KafkaConnection } from './kafka-client.ts';
import { withAdmin } from './topic-check.ts';

/** A record as it lies in a topic. */
export interface StoredRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** The last value of each name, as text. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ReadTopicOptions {
  /** More records than this are refused: what is read is held in memory. */
  readonly maxRecords: number;
  /** Milliseconds for the whole reading. Default 30,000. */
  readonly deadlineMs?: number;
}

/**
 * Reads what a topic holds now, without disturbing whoever consumes it: by a group of its own that is removed afterwards.
 *
 * @throws AppError `unavailable` when the brokers do not answer in time, `conflict` when there are more than `maxRecords`
 */
export async function readTopic(
  connection: KafkaConnection,
  topic: string,
  { maxRecords, deadlineMs = 30_000 }: ReadTopicOptions,
): Promise<StoredRecord[]> {
  const ends = await readEnds(connection, topic);
  const total = [...ends.values()].reduce((sum, { low, high }) => sum + high - low, 0);
  if (total > maxRecords)
    throw new AppError('conflict', `${topic} holds ${total} records, more than ${maxRecords}`);
  if (total === 0) return [];
  const groupId = clusterName(connection, `prodsentinel-read-${randomUUID()}`);
  const client = createKafkaClient(connection, { retries: 3, initialRetryTime: 100, maxRetryTime: 1_000 });
  const consumer = client.consumer({ groupId, allowAutoTopicCreation: false, maxWaitTimeInMs: 100 });
  const records: StoredRecord[] = [];
  try {
    await consumer.connect();
    await consumer.subscribe({ topic: clusterName(connection, topic), fromBeginning: true });
    const complete = new Promise<void>((resolve, reject) => {
      consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
      const take = async (payload: EachMessagePayload) => {
        const high = ends.get(payload.partition)?.high ?? 0;
        if (Number(payload.message.offset) >= high) return;
        records.push(toStoredRecord(payload));
        if (records.length === total) resolve();
      };
      consumer.run({ autoCommit: false, eachMessage: take }).catch(reject);
    });
    await withDeadline(`reading ${topic}`, deadlineMs, complete);
  } catch (error) {
    throw fromKafkaError(`reading ${topic}`, error);
  } finally {
    await consumer.disconnect();
    await withAdmin(connection, (admin) => admin.deleteGroups([groupId]));
  }
  return records.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset);
}

async function readEnds(connection: KafkaConnection, topic: string) {
  const partitions = await withAdmin(connection, (admin) =>
    admin.fetchTopicOffsets(clusterName(connection, topic)),
  );
  return new Map(
    partitions.map(({ partition, low, high }) => [partition, { low: Number(low), high: Number(high) }]),
  );
}

function toStoredRecord({ partition, message }: EachMessagePayload): StoredRecord {
  const headers = Object.entries(message.headers ?? {}).flatMap(([name, value]) => {
    const last = Array.isArray(value) ? value.at(-1) : value;
    return last === undefined ? [] : [[name, last.toString()]];
  });
  return {
    partition,
    offset: Number(message.offset),
    key: message.key,
    value: message.value,
    headers: Object.fromEntries(headers) as Record<string, string>,
  };
}
