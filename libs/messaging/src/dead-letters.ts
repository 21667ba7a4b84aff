import { deadLetterTopicOf, type Topic } from '@prodsentinel/contracts';
import type { RawProducer } from './raw-producer.ts';
import type { RecordHeaders } from './record-headers.ts';

/** A record as Kafka held it, with where it stood. */
export interface RawRecord {
  readonly topic: Topic;
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: RecordHeaders;
}

export interface DeadLetterReason {
  readonly code: string;
  readonly reason: string;
  readonly groupId: string;
  readonly attempts: number;
  readonly firstFailedAtMs: number;
  readonly lastFailedAtMs: number;
}

/** Its value is a whole record batch, with the records from the offset that it names to this one. */
export const batchLastOffsetHeader = 'prodsentinel.batch.last.offset';

/** Longer reasons are cut: a header that outgrows the record helps nobody. */
const maxReasonLength = 1_000;

/**
 * Sets a record aside: its original bytes, key and headers, on the same partition of the dead-letter topic, with the
 * reason in headers (names of KIP-1191, and ours). Resolves when all in-sync replicas have it: only then may its offset
 * move.
 */
export function writeDeadLetter(
  producer: RawProducer,
  record: RawRecord,
  why: DeadLetterReason,
): Promise<void> {
  return producer.sendRaw([
    {
      topic: deadLetterTopicOf(record.topic),
      partition: record.partition,
      key: record.key,
      value: record.value,
      headers: { ...record.headers, ...reasonHeaders(record, why) },
    },
  ]);
}

/** The headers that only a dead letter has. */
export const reasonHeaderNames = [
  '__dlq.errors.topic',
  '__dlq.errors.partition',
  '__dlq.errors.offset',
  '__dlq.errors.timestamp',
  '__dlq.errors.group',
  '__dlq.errors.delivery.count',
  '__dlq.errors.message',
  'prodsentinel.error.code',
  'prodsentinel.stage',
  'prodsentinel.first.failed.at',
  'prodsentinel.last.failed.at',
] as const;

function reasonHeaders(
  record: RawRecord,
  why: DeadLetterReason,
): Record<(typeof reasonHeaderNames)[number], string> {
  return {
    '__dlq.errors.topic': record.topic,
    '__dlq.errors.partition': String(record.partition),
    '__dlq.errors.offset': String(record.offset),
    '__dlq.errors.timestamp': String(record.timestampMs),
    '__dlq.errors.group': why.groupId,
    '__dlq.errors.delivery.count': String(why.attempts),
    '__dlq.errors.message': why.reason.slice(0, maxReasonLength),
    'prodsentinel.error.code': why.code,
    'prodsentinel.stage': why.groupId.replace(/^prodsentinel-/, ''),
    'prodsentinel.first.failed.at': new Date(why.firstFailedAtMs).toISOString(),
    'prodsentinel.last.failed.at': new Date(why.lastFailedAtMs).toISOString(),
  };
}
