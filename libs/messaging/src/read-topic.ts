import { randomUUID } from 'node:crypto';
import { AppError, withDeadline } from '@prodsentinel/kernel';
import type { EachMessagePayload } from 'kafkajs';
import { fromKafkaError } from './errors.ts';
import { clusterName, createKafkaClient, type KafkaConnection } from './kafka-client.ts';
import type { HeaderValue } from './raw-producer.ts';
import { ReadProgress } from './read-progress.ts';
import { lastText } from './redrive-source.ts';
import { withAdmin } from './topic-check.ts';

/** A record as it lies in a topic. */
export interface StoredRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Milliseconds since 1970. */
  readonly timestampMs: number;
  readonly rawHeaders: Readonly<Record<string, HeaderValue>>;
  /** The last value of each name, as text. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ReadTopicOptions {
  /** More records than this are refused: `readTopic` holds them in memory. */
  readonly maxRecords: number;
  /** Milliseconds for the whole reading. Default 30,000. */
  readonly deadlineMs?: number;
  /** Only records with a timestamp from here on, in milliseconds since 1970. Default: all. */
  readonly sinceMs?: number;
  /** Only this one. */
  readonly at?: { readonly partition: number; readonly offset: number };
}

/**
 * Reads what a topic holds now, without disturbing whoever consumes it: by a group of its own that is removed afterwards.
 *
 * @throws AppError `unavailable` when the brokers do not answer in time, `conflict` when there are more than `maxRecords`
 */
export async function readTopic(
  connection: KafkaConnection,
  topic: string,
  options: ReadTopicOptions,
): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  await foldTopic(connection, topic, options, (record) => {
    records.push(record);
  });
  return records.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset);
}

/**
 * The same, one record after the other, of which none is kept: in order within a partition, the partitions in any order.
 *
 * @throws what `readTopic` throws, and what `take` throws
 */
export async function foldTopic(
  connection: KafkaConnection,
  topic: string,
  { maxRecords, deadlineMs = 30_000, ...part }: ReadTopicOptions,
  take: (record: StoredRecord) => void | Promise<void>,
): Promise<void> {
  const bounds = await readBounds(connection, topic, part);
  const total = [...bounds.values()].reduce((sum, { from, end }) => sum + end - from, 0);
  if (total > maxRecords)
    throw new AppError('conflict', `${topic} holds ${total} records, more than ${maxRecords}`);
  if (total === 0) return;
  const groupId = clusterName(connection, `prodsentinel-read-${randomUUID()}`);
  const client = createKafkaClient(connection, { retries: 3, initialRetryTime: 100, maxRetryTime: 1_000 });
  const consumer = client.consumer({ groupId, allowAutoTopicCreation: false, maxWaitTimeInMs: 100 });
  const progress = new ReadProgress(bounds);
  let isOver = false;
  try {
    await consumer.connect();
    await consumer.subscribe({ topic: clusterName(connection, topic), fromBeginning: true });
    const complete = new Promise<void>((resolve, reject) => {
      consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
      const takeOne = async (payload: EachMessagePayload) => {
        if (isOver) return;
        try {
          const isNext = progress.advance(payload.partition, Number(payload.message.offset));
          if (isNext) await take(toStoredRecord(payload));
        } catch (error) {
          // Thrown here the client would only read it again.
          isOver = true;
          reject(error);
          return;
        }
        if (progress.isComplete) resolve();
      };
      consumer.run({ autoCommit: false, eachMessage: takeOne }).catch(reject);
      const isWhole = part.sinceMs === undefined && part.at === undefined;
      for (const [partition, { from }] of isWhole ? [] : bounds)
        consumer.seek({ topic: clusterName(connection, topic), partition, offset: String(from) });
    });
    await withDeadline(`reading ${topic}`, deadlineMs, complete);
  } catch (error) {
    throw fromKafkaError(`reading ${topic}`, error);
  } finally {
    // Until it has left, the client hands over what it has fetched.
    isOver = true;
    await consumer.disconnect();
    await removeGroup(connection, groupId);
  }
}

/** Tidies up. A group whose member Kafka has not seen leave yet cannot be removed: it committed nothing and ends by itself. */
async function removeGroup(connection: KafkaConnection, groupId: string): Promise<void> {
  try {
    await withAdmin(connection, (admin) => admin.deleteGroups([groupId]));
  } catch (error) {
    connection.logger.debug({ err: error, groupId }, 'the group of a reading is left to Kafka');
  }
}

/** Of each partition, from which offset to read and where it ends now. */
function readBounds(
  connection: KafkaConnection,
  topic: string,
  { sinceMs, at }: Pick<ReadTopicOptions, 'sinceMs' | 'at'>,
) {
  const name = clusterName(connection, topic);
  return withAdmin(connection, async (admin) => {
    const partitions = await admin.fetchTopicOffsets(name);
    const since = sinceMs === undefined ? [] : await admin.fetchTopicOffsetsByTimestamp(name, sinceMs);
    const starts = new Map(since.map(({ partition, offset }) => [partition, Number(offset)]));
    return new Map(
      partitions.map(({ partition, low, high }) => {
        const end = Number(high);
        if (at) {
          const isThere = at.partition === partition && at.offset >= Number(low) && at.offset < end;
          return [partition, isThere ? { from: at.offset, end: at.offset + 1 } : { from: end, end }];
        }
        return [partition, { from: Math.min(end, starts.get(partition) ?? Number(low)), end }];
      }),
    );
  });
}

function toStoredRecord({ partition, message }: EachMessagePayload): StoredRecord {
  const rawHeaders = message.headers ?? {};
  const headers = Object.entries(rawHeaders).map(([name, value]) => [name, lastText(value) ?? '']);
  return {
    partition,
    offset: Number(message.offset),
    key: message.key,
    value: message.value,
    timestampMs: Number(message.timestamp),
    rawHeaders,
    headers: Object.fromEntries(headers) as Record<string, string>,
  };
}
