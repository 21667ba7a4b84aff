import { deadLetterTopicOf, type Topic } from '@prodsentinel/contracts';
import { AppError } from '@prodsentinel/kernel';
import { batchLastOffsetHeader, reasonHeaderNames } from './dead-letters.ts';
import type { RawMessage } from './raw-producer.ts';
import type { StoredRecord } from './read-topic.ts';
import { readSignedSource, redriveHeaders, signedSource, type RecordSource } from './redrive-source.ts';

/** A dead letter as it lies in `T.dlq`, with what its headers say. */
export interface StoredDeadLetter {
  readonly record: StoredRecord;
  /** Where Kafka first held it: what a redrive of ours carried on, else where it failed. Undefined when nothing says so. */
  readonly source: RecordSource | undefined;
  readonly code: string;
  readonly reason: string;
  readonly stage: string;
  /** ISO 8601; empty when nothing says so. */
  readonly lastFailedAt: string;
  /** Present: it is a whole record batch, up to this offset of the topic. */
  readonly batchLastOffset?: number | undefined;
  /** How often it was redriven before it came here again. */
  readonly redrives: number;
}

/** @param key with which our redrives are signed; without it none is believed */
export function toStoredDeadLetter(
  topic: Topic,
  record: StoredRecord,
  key: string | undefined,
): StoredDeadLetter {
  const { headers } = record;
  const redriven = readSignedSource(record.rawHeaders, record.value, key);
  return {
    record,
    source: redriven?.topic === topic ? redriven : failedAt(topic, record),
    code: headers['prodsentinel.error.code'] ?? 'unknown',
    reason: headers['__dlq.errors.message'] ?? '',
    stage: headers['prodsentinel.stage'] ?? '',
    lastFailedAt: headers['prodsentinel.last.failed.at'] ?? '',
    batchLastOffset: toCount(headers[batchLastOffsetHeader]),
    redrives: redrivesOf(headers[redriveHeaders.count]),
  };
}

/**
 * The record as it was, for the partition it was on: its bytes, its key, its own headers, and in ours where it first was.
 *
 * @param key signs that place, so that it is counted there, once, however often it is redriven; without it the record
 *   counts as a new one
 * @throws AppError `invalid_input` when nothing says where it came from
 */
export function toRedrivenMessage(
  topic: Topic,
  letter: StoredDeadLetter,
  key: string | undefined,
): RawMessage {
  const { record, source, redrives } = letter;
  if (source === undefined) {
    const where = `${deadLetterTopicOf(topic)} ${record.partition}/${record.offset}`;
    throw new AppError('invalid_input', `${where} does not say where it came from`);
  }
  const ours = new Set<string>([...reasonHeaderNames, ...Object.values(redriveHeaders)]);
  return {
    topic,
    partition: source.partition,
    key: record.key,
    value: record.value,
    headers: {
      ...Object.fromEntries(Object.entries(record.rawHeaders).filter(([name]) => !ours.has(name))),
      [redriveHeaders.count]: String(redrives + 1),
      ...(key === undefined ? {} : signedSource(source, record.value, key)),
    },
  };
}

/** What the header of that name says. */
export function redrivesOf(text: string | undefined): number {
  return toCount(text) ?? 0;
}

function failedAt(topic: Topic, { headers }: StoredRecord): RecordSource | undefined {
  const partition = toCount(headers['__dlq.errors.partition']);
  const offset = toCount(headers['__dlq.errors.offset']);
  const timestampMs = toCount(headers['__dlq.errors.timestamp']);
  if (headers['__dlq.errors.topic'] !== topic) return undefined;
  if (partition === undefined || offset === undefined || timestampMs === undefined) return undefined;
  return { topic, partition, offset, timestampMs };
}

function toCount(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
