import type { RecordOf, Topic } from '@prodsentinel/contracts';
import type { RecordSource } from './redrive-source.ts';

/**
 * What the services know of Kafka: records come in, outcomes go out, and an offset is committed only when everything at
 * or below it is finished. Nothing here names the client library, so that another could stand behind it.
 */

/** Where a record stands. `epoch` is the assignment it was read under: it is refused once the partition was lost. */
export interface Position {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly epoch: number;
}

/** One decoded record. */
export interface IncomingRecord<T extends Topic = Topic> extends Position {
  readonly topic: T;
  readonly key: string | null;
  readonly value: RecordOf[T];
  /** Kafka's timestamp: the append time where the topic is LogAppendTime, else the producer's. Milliseconds. */
  readonly timestampMs: number;
  /** Where it first stood on this partition, if it is a dead letter that we have redriven; else absent. */
  readonly source?: RecordSource | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Size of the value on the wire. */
  readonly valueBytes: number;
  /** 1 for the first try in this process. */
  readonly attempt: number;
}

/** A record of any of several topics, told apart by `topic`. */
export type AnyRecord<T extends Topic> = { [Each in T]: IncomingRecord<Each> }[T];

/**
 * What a record turned out to be.
 *
 * - `done` everything it asked for has happened: the offset may move
 * - `held` its key is free at once, the offset stays open until `Consumer.finishHeld` is called for it
 * - `retry` try the same record again after a backoff
 * - `deadLetter` it can never be processed: set aside with the reason, then the offset may move
 */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'held' }
  | { readonly kind: 'retry'; readonly reason: string }
  | { readonly kind: 'deadLetter'; readonly code: string; readonly reason: string };

export const done: Outcome = { kind: 'done' };
export const held: Outcome = { kind: 'held' };

/** Handles one record; records of one key come in order, different keys beside each other. */
export interface RecordHandler<T extends Topic> {
  readonly mode: 'record';
  /** How many records may be worked on at once. */
  readonly concurrency: number;
  handle(record: AnyRecord<T>, signal: AbortSignal): Promise<Outcome>;
}

/**
 * Handles what has gathered, one call at a time (or as many as `concurrency` says), each partition in order. Answers with one outcome for each record, in
 * order. When it throws a permanent error for several records, it is called again with halves of them until the one that
 * cannot be processed stands alone.
 */
export interface BatchHandler<T extends Topic> {
  readonly mode: 'batch';
  readonly maxRecords: number;
  /** Most calls at once, default 1; each partition is in one of them. */
  readonly concurrency?: number;
  /** Fields that it seldom asks for: they are decoded when it does, and what is wrong with them is thrown there. */
  readonly lateFields?: { readonly [Each in T]?: readonly (keyof RecordOf[Each])[] };
  handle(records: readonly AnyRecord<T>[], signal: AbortSignal): Promise<readonly Outcome[]>;
}

export interface Consumer {
  /** Waits for the brokers, verifies the topics, joins the group. Rejects when a topic is missing or not as it must be. */
  start(signal: AbortSignal): Promise<void>;
  /** Takes nothing more and waits, at most `drainMs`, for the handlers at work. Held records can still be finished. */
  drain(): Promise<void>;
  /** Drains, commits what is finished, leaves the group, disconnects. */
  stop(): Promise<void>;
  /** Rejects when consuming cannot go on; never resolves. */
  readonly failed: Promise<never>;
  /** Finishes held records. Positions of an assignment that was lost are ignored. */
  finishHeld(positions: readonly Position[]): void;
  /** Whether fetching from a partition is paused because too much of it is in flight. */
  isPaused(topic: Topic, partition: number): boolean;
  /** Records given out and not finished. */
  readonly inFlight: number;
}

/** Told of assignments, so that what was gathered for a lost partition can be dropped. */
export interface AssignmentListener {
  assigned?(topic: string, partition: number, epoch: number): void;
  lost?(topic: string, partition: number, epoch: number): void;
}

export interface OutgoingRecord<T extends Topic> {
  readonly topic: T;
  readonly key: string;
  readonly value: RecordOf[T];
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Producer {
  /** Connects; waits for the brokers until the signal aborts. */
  start(signal: AbortSignal): Promise<void>;
  /**
   * Resolves when every record is acknowledged by all in-sync replicas.
   *
   * @throws AppError `unavailable` when nothing was written (the queue is full or the brokers were known to be away),
   *   `unknown_outcome` when the deadline passed or the acknowledgement was lost: some may be in the log;
   *   `invalid_input` when a record can never be written (too large, not of the schema)
   */
  send<T extends Topic>(records: readonly OutgoingRecord<T>[]): Promise<void>;
  /** Whether the last attempt, or the last question while nothing is sent, reached the brokers; false from a failure until the next success. */
  readonly isReachable: boolean;
  /** Sends what is queued, then disconnects. */
  stop(): Promise<void>;
}
