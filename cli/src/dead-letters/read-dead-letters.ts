import { deadLetterTopicOf, type Topic } from '@prodsentinel/contracts';
import {
  foldTopic,
  toStoredDeadLetter,
  type KafkaConnection,
  type StoredDeadLetter,
} from '@prodsentinel/messaging';
import { matches, type Choice } from './choice.ts';

export interface Reading {
  readonly topic: Topic;
  readonly choice: Choice;
  /** With which our redrives are signed. */
  readonly key: string | undefined;
  /** Most that are kept. */
  readonly limit: number;
  /** Says of one that fits whether it is passed over. */
  readonly isLeftOut?: (letter: StoredDeadLetter) => boolean;
}

export interface Found {
  /** By partition and offset. */
  readonly letters: readonly StoredDeadLetter[];
  /** How many fit beyond those. */
  readonly more: number;
}

/** Any of what Kafka keeps for 30 days may be looked for; they are read one by one. */
const maxRead = 100_000_000;
const deadlineMs = 30 * 60_000;
/** Of those that are kept. */
const maxBytes = 64 * 1024 * 1024;

/**
 * Reads the dead letters of a topic that fit, as far as they may be kept.
 *
 * @throws AppError `unavailable` when Kafka does not answer
 */
export async function readDeadLetters(
  connection: KafkaConnection,
  { topic, choice, key, limit, isLeftOut }: Reading,
): Promise<Found> {
  const letters: StoredDeadLetter[] = [];
  let bytes = 0;
  let more = 0;
  const options = {
    maxRecords: maxRead,
    deadlineMs,
    ...(choice.since === undefined ? {} : { sinceMs: choice.since }),
  };
  await foldTopic(connection, deadLetterTopicOf(topic), options, (record) => {
    const letter = toStoredDeadLetter(topic, record, key);
    if (!matches(letter, choice) || isLeftOut?.(letter)) return;
    const size = (record.value?.length ?? 0) + (record.key?.length ?? 0);
    if (letters.length >= limit || (letters.length > 0 && bytes + size > maxBytes)) {
      more += 1;
      return;
    }
    letters.push(letter);
    bytes += size;
  });
  return { letters: letters.toSorted(inOrder), more };
}

function inOrder({ record: a }: StoredDeadLetter, { record: b }: StoredDeadLetter): number {
  return a.partition - b.partition || a.offset - b.offset;
}
