import type { KafkaMessage } from 'kafkajs';
import type { Topic } from '@prodsentinel/contracts';
import type { AssignedPartition } from './assigned-partition.ts';
import type { RawRecord } from './dead-letters.ts';

/** A message of kafkajs as a record of an assignment. */
export function toRawRecord(owner: AssignedPartition, message: KafkaMessage): RawRecord {
  return {
    topic: owner.topic as Topic,
    partition: owner.partition,
    offset: Number(message.offset),
    epoch: owner.epoch,
    timestampMs: Number(message.timestamp),
    key: message.key,
    value: message.value,
    headers: message.headers ?? {},
  };
}
