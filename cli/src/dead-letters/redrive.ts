import { allTopicSettings, deadLetterTopicOf, type Topic } from '@prodsentinel/contracts';
import { AppError, delay, describeError, isAppError } from '@prodsentinel/kernel';
import {
  toRedrivenMessage,
  unpackDeadLetter,
  type RawProducer,
  type RedriveMemory,
  type StoredDeadLetter,
} from '@prodsentinel/messaging';

export interface Limits {
  /** Most redrives of one record. */
  readonly maxRedrives: number;
  /** Partitions that the topic has. */
  readonly partitions: number;
  readonly nowMs: number;
  /** Bytes that a whole batch may unpack to; without it none is unpacked. */
  readonly maxUnpackedBytes?: number | undefined;
}

/** Why a dead letter is not to be redriven; undefined when it may be. */
export function obstacleOf(
  topic: Topic,
  { source, redrives, batchLastOffset }: StoredDeadLetter,
  { maxRedrives, partitions, nowMs, maxUnpackedBytes }: Limits,
): string | undefined {
  if (source === undefined) return 'nothing says where it came from';
  if (batchLastOffset !== undefined && maxUnpackedBytes === undefined)
    return `it is a whole batch, up to offset ${batchLastOffset}, that unpacks to more than was allowed (--unpack)`;
  if (redrives >= maxRedrives) return `it failed again after ${redrives} redrives (--max-redrives)`;
  if (source.partition >= partitions) return `${topic} has no partition ${source.partition}`;
  if (topic === 'failures' && source.timestampMs < nowMs - keptMs(topic))
    return 'it is so old that nobody remembers whether it was counted';
  return undefined;
}

/** How long Kafka may hold a record of a topic, its time as a dead letter included; what is counted is remembered longer. */
export function keptMs(topic: Topic): number {
  const kept = allTopicSettings().filter(({ name }) => name === topic || name === deadLetterTopicOf(topic));
  return kept.reduce((sum, { config }) => sum + Number(config['retention.ms']), 0);
}

export interface Redrive {
  readonly topic: Topic;
  readonly key: string | undefined;
  readonly producer: Pick<RawProducer, 'sendRaw'>;
  readonly memory: Pick<RedriveMemory, 'add'>;
  /** Records a second. */
  readonly rate: number;
  readonly maxUnpackedBytes?: number | undefined;
  readonly signal: AbortSignal;
  readonly onDone: (letter: StoredDeadLetter) => void;
  readonly onRefused: (letter: StoredDeadLetter, reason: string) => void;
}

/** Of one second, at this rate or less. */
const maxTogether = 100;

/**
 * Sends dead letters to where they came from, at a bounded rate, and remembers each as soon as Kafka has acknowledged it.
 *
 * @throws AppError `unavailable` when Kafka or Redis does not answer: what was acknowledged is remembered, or counts once
 *   all the same; `aborted` between two sends
 */
export async function redrive(letters: readonly StoredDeadLetter[], how: Redrive): Promise<void> {
  const records = letters.filter(({ batchLastOffset }) => batchLastOffset === undefined);
  for await (const some of atRate(records, how)) await redriveTogether(some, how);
  for (const letter of letters) if (letter.batchLastOffset !== undefined) await redriveBatch(letter, how);
}

async function* atRate<T>(all: readonly T[], { rate, signal }: Redrive): AsyncGenerator<readonly T[]> {
  const together = Math.min(rate, maxTogether);
  for (let at = 0; at < all.length; at += together) {
    if (at > 0) await delay((together / rate) * 1_000, signal);
    yield all.slice(at, at + together);
  }
}

/** One after the other: it may hold very many. It is done when all of its records are. */
async function redriveBatch(letter: StoredDeadLetter, how: Redrive): Promise<void> {
  const { topic, key, producer, memory, maxUnpackedBytes = 0 } = how;
  try {
    const records = await unpackDeadLetter(letter, maxUnpackedBytes, key);
    for await (const some of atRate(records, how))
      await producer.sendRaw(some.map((each) => toRedrivenMessage(topic, each, key)));
  } catch (error) {
    if (isAppError(error) && error.code === 'invalid_input') return how.onRefused(letter, error.message);
    throw doItAgain(error);
  }
  await memory.add(topic, [letter.record]);
  how.onDone(letter);
}

function doItAgain(error: unknown): unknown {
  if (isAppError(error) && error.code === 'aborted') return error;
  const message = `${describeError(error)}; do it again: what was redriven is left out`;
  return new AppError('unavailable', message, { cause: error });
}

async function redriveTogether(letters: readonly StoredDeadLetter[], how: Redrive): Promise<void> {
  const { topic, key, producer, memory } = how;
  const outcomes = await Promise.allSettled(
    letters.map((letter) => producer.sendRaw([toRedrivenMessage(topic, letter, key)])),
  );
  const sent = letters.filter((_, i) => outcomes[i]?.status === 'fulfilled');
  await memory.add(
    topic,
    sent.map(({ record }) => record),
  );
  for (const letter of sent) how.onDone(letter);
  let failed: unknown;
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.status === 'fulfilled') continue;
    if (isAppError(outcome.reason) && outcome.reason.code === 'invalid_input')
      how.onRefused(letters[i]!, outcome.reason.message);
    else failed ??= outcome.reason;
  }
  if (failed === undefined) return;
  throw doItAgain(failed);
}
