import type { Topic } from '@prodsentinel/contracts';
import { AppError, backoffMs, delay, describeError, isAppError } from '@prodsentinel/kernel';
import type { AssignedPartition } from './assigned-partition.ts';
import type { Codec } from './codec.ts';
import type { ConsumerLimits } from './consumer-limits.ts';
import { writeDeadLetter } from './dead-letters.ts';
import { classifyError } from './errors.ts';
import type { MessagingLogger } from './kafka-client.ts';
import type { AnyRecord, Outcome } from './port.ts';
import type { RawProducer } from './raw-producer.ts';
import { toTextHeaders } from './record-headers.ts';
import { readSignedSource, redriveHeaders, type RecordSource } from './redrive-source.ts';
import { toRawRecord, type WorkItem } from './work-item.ts';

/** What both ways of working (record by record, batch by batch) share: decoding, settling, setting aside. */
export interface WorkContext {
  readonly groupId: string;
  readonly codec: Codec;
  /** Of each topic, fields that are decoded when the handler asks for them. */
  readonly lateFields?: { readonly [Each in Topic]?: readonly string[] };
  readonly deadLetters: RawProducer;
  readonly logger: MessagingLogger;
  /** Aborts when draining took too long: handlers should give up. */
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** Of our redrives; without it none is believed. */
  readonly redriveKey: string | undefined;
  /** Told when a dependency is away (a reason) and when work goes on (undefined). */
  readonly onTrouble: (reason: string | undefined) => void;
  /** A record was finished or is held: fetching may go on, the low-water mark may have moved. */
  readonly onSettled: (item: WorkItem, isHeld: boolean) => void;
  readonly limits: ConsumerLimits;
  /** The partition stands still until a human resumes it: its assignment is lost. */
  readonly halt: (owner: AssignedPartition, reason: string) => void;
  /** Consuming cannot go on. */
  readonly fail: (error: AppError) => void;
  readonly onDeadLetter: (topic: string, code: string) => void;
  /** A record is tried again: a dependency is away, the handler asked for it, or an error of ours may pass. */
  readonly onRetry: (topic: string, records: number) => void;
}

/** How often an error of our own is tried again before the record is set aside. */
export const maxUnexpectedAttempts = 3;

/** @throws AppError `undecodable`, `invalid_input` for what was not unpacked, or what `Codec.decode` throws */
export function decodeItem<T extends Topic>(
  context: WorkContext,
  item: WorkItem,
): AnyRecord<T> | Promise<AnyRecord<T>> {
  if (item.refused) throw new AppError('invalid_input', item.refused.reason);
  if (item.value === null) throw new AppError('undecodable', 'the record has no value');
  const topic = item.owner.topic as Topic;
  const value = context.codec.decode(topic, item.value, context.lateFields?.[topic]);
  const source = item.headers[redriveHeaders.source] === undefined ? undefined : sourceOf(context, item);
  return value instanceof Promise
    ? value.then((decoded) => toRecord<T>(item, decoded, source))
    : toRecord<T>(item, value, source);
}

function toRecord<T extends Topic>(
  item: WorkItem,
  value: unknown,
  source: RecordSource | undefined,
): AnyRecord<T> {
  const { owner, key } = item;
  return {
    topic: owner.topic,
    partition: owner.partition,
    offset: item.offset,
    epoch: owner.epoch,
    key: key === null ? null : key.toString('utf8'),
    value,
    timestampMs: item.timestampMs,
    source,
    headers: toTextHeaders(item.headers),
    valueBytes: item.value?.length ?? 0,
    attempt: item.attempt,
  } as unknown as AnyRecord<T>;
}

/** Where a redriven record first was, on this partition; undefined, and said, when it only claims to be one. */
function sourceOf(
  { redriveKey, logger }: WorkContext,
  { owner: { topic, partition }, offset, headers, value }: WorkItem,
): RecordSource | undefined {
  const source = readSignedSource(headers, value, redriveKey);
  if (source?.topic === topic && source.partition === partition) return source;
  const why = redriveKey === undefined ? 'there is no PRODSENTINEL_REDRIVE_KEY' : 'our key did not sign it';
  logger.warn({ event: 'redrive_not_believed', topic, partition, offset }, `counted as new: ${why}`);
  return undefined;
}

/**
 * Turns the outcome of a record into effects, at once but for dead letters; `retry` is the worker's own business.
 *
 * @returns a promise only when there is something to wait for
 */
export function settle(context: WorkContext, item: WorkItem, outcome: Outcome): Promise<void> | undefined {
  const { owner } = item;
  switch (outcome.kind) {
    case 'done':
      owner.unexpectedErrors.passed();
      owner.finish(item);
      break;
    case 'held':
      owner.unexpectedErrors.passed();
      owner.hold(item);
      break;
    case 'deadLetter':
      owner.unexpectedErrors.passed();
      return setAside(context, item, outcome.code, outcome.reason).then(() => context.onSettled(item, false));
    case 'retry':
      throw new AppError('bug', 'a retry is not settled');
  }
  context.onSettled(item, outcome.kind === 'held');
  return undefined;
}

/** Sets aside what failed for good; too many errors of our own halt the partition before they drain the topic. */
export async function settleFailed(context: WorkContext, item: WorkItem, error: unknown): Promise<void> {
  const { owner, offset } = item;
  if (classifyError(error) === 'unexpected') {
    const exceeded = owner.unexpectedErrors.add(context.limits);
    if (exceeded !== undefined) {
      context.halt(owner, `${exceeded}, the last at offset ${offset}: ${describeError(error)}`);
      return;
    }
  } else owner.unexpectedErrors.passed();
  const code = item.refused?.code ?? (isAppError(error) ? error.code : 'unexpected');
  await setAside(context, item, code, describeError(error));
  context.onSettled(item, false);
}

/** The offset stays open until the dead letter is acknowledged, however long that takes. */
export async function setAside(
  context: WorkContext,
  item: WorkItem,
  code: string,
  reason: string,
): Promise<void> {
  const { owner, offset } = item;
  const raw = toRawRecord(item);
  const nowMs = context.now();
  const why = {
    code,
    reason,
    groupId: context.groupId,
    attempts: item.attempt,
    firstFailedAtMs: item.firstFailedAtMs ?? nowMs,
    lastFailedAtMs: nowMs,
  };
  for (let retry = 1; !owner.isLost; retry++) {
    try {
      await writeDeadLetter(context.deadLetters, raw, why);
      const { topic, partition } = owner;
      context.logger.warn({ event: 'dead_letter', topic, partition, offset, code }, reason);
      context.onDeadLetter(topic, code);
      context.onTrouble(undefined);
      owner.finish(item);
      return;
    } catch (error) {
      if (classifyError(error) !== 'transient') throw error;
      context.onTrouble(`the dead-letter topic cannot be written: ${describeError(error)}`);
      await delay(backoffMs(retry), context.signal);
    }
  }
}
