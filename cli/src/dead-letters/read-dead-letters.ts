import { deadLetterTopicOf, type Topic } from '@prodsentinel/contracts';
import { AppError } from '@prodsentinel/kernel';
import {
  foldTopic,
  readTopic,
  toStoredDeadLetter,
  type KafkaConnection,
  type ReadTopicOptions,
  type StoredDeadLetter,
} from '@prodsentinel/messaging';
import { matches, type Choice } from './choice.ts';
import { KeptLetters, type Found } from './kept-letters.ts';

export interface Reading {
  readonly topic: Topic;
  readonly choice: Choice;
  /** With which our redrives are signed. */
  readonly key: string | undefined;
  /** Most that are kept. */
  readonly limit: number;
  /** Says of one that fits whether it is passed over. */
  readonly isLeftOut?: (letter: StoredDeadLetter) => boolean;
  /** Ends the reading, which may take long. */
  readonly signal: AbortSignal;
}

/** Any of what Kafka keeps for 30 days may be looked for; they are read one by one. */
const maxRead = 100_000_000;
const deadlineMs = 30 * 60_000;
/** Of those that are kept. */
const maxBytes = 64 * 1024 * 1024;

/**
 * Reads one dead letter; undefined where there is none.
 *
 * @throws AppError `unavailable` when Kafka does not answer
 */
export async function readDeadLetter(
  connection: KafkaConnection,
  { topic, key, at }: Pick<Reading, 'topic' | 'key'> & Required<Pick<ReadTopicOptions, 'at'>>,
): Promise<StoredDeadLetter | undefined> {
  const [record] = await readTopic(connection, deadLetterTopicOf(topic), { maxRecords: 1, at });
  return record && toStoredDeadLetter(topic, record, key);
}

/**
 * Reads the dead letters of a topic that fit, as far as they may be kept.
 *
 * @throws AppError `unavailable` when Kafka does not answer, `conflict` when the topic holds too many to be read, `aborted`
 */
export async function readDeadLetters(
  connection: KafkaConnection,
  { topic, choice, key, limit, isLeftOut, signal }: Reading,
): Promise<Found> {
  const kept = new KeptLetters({ count: limit, bytes: maxBytes });
  const options = {
    maxRecords: maxRead,
    deadlineMs,
    ...(choice.since === undefined ? {} : { sinceMs: choice.since }),
  };
  await foldTopic(connection, deadLetterTopicOf(topic), options, (record) => {
    if (signal.aborted) throw new AppError('aborted', 'aborted while reading');
    const letter = toStoredDeadLetter(topic, record, key);
    if (matches(letter, choice) && !isLeftOut?.(letter)) kept.offer(letter);
  });
  return kept.found;
}
