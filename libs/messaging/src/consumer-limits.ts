import type { UnexpectedLimits } from './unexpected-errors.ts';

/** What bounds a consumer; every limit has a default. */
export interface ConsumerLimits extends UnexpectedLimits {
  /** Records of one partition given out and neither finished nor held, at which fetching pauses. Default 2,000, or more for large batches. */
  readonly maxActiveRecords: number;
  /** Their bytes in the log, at which fetching pauses. Default 32 MiB. */
  readonly maxActiveBytes: number;
  /**
   * What one compressed record batch may unpack to; a larger one is set aside unread. Of one answer of a broker no further
   * batch is unpacked beyond it. Default 64 MiB.
   */
  readonly maxUnpackedBytes: number;
  /** Open offsets of one partition, held ones included, at which fetching pauses. Default 100,000. */
  readonly maxOpenRecords: number;
  /** Milliseconds between commits. Default 500. */
  readonly commitIntervalMs: number;
  /** Milliseconds without a heartbeat after which the group gives our partitions away. Default 15,000. */
  readonly sessionTimeoutMs: number;
  /** Milliseconds between heartbeats; bounds how long a rebalance takes. Default 1,000; at most a third of a session. */
  readonly heartbeatIntervalMs: number;
  /** Milliseconds that handlers at work get when draining. Default 20,000. */
  readonly drainMs: number;
  /** Milliseconds after which a handler counts as hanging: it is named, not ended. Default 60,000. */
  readonly handlerHangsMs: number;
  /** Dead letters in a row on one partition for errors of our own; one more halts the partition. Default 20. */
  readonly maxUnexpectedInARow: number;
  /** The same among the last `unexpectedWindow` records of one partition, in percent; more halts it. Default 5. */
  readonly maxUnexpectedPercent: number;
  /** Default 1,000. */
  readonly unexpectedWindow: number;
}

export const defaultConsumerLimits: ConsumerLimits = {
  maxActiveRecords: 2_000,
  maxActiveBytes: 32 * 1024 * 1024,
  maxUnpackedBytes: 64 * 1024 * 1024,
  maxOpenRecords: 100_000,
  commitIntervalMs: 500,
  sessionTimeoutMs: 15_000,
  heartbeatIntervalMs: 1_000,
  drainMs: 20_000,
  handlerHangsMs: 60_000,
  maxUnexpectedInARow: 20,
  maxUnexpectedPercent: 5,
  unexpectedWindow: 1_000,
};

/** Of one partition, beside the batch that is at work: fetching resumes when half of all is left, and takes a while. */
const batchesAhead = 2;

/** The defaults, but more records in flight where batches are large: a handler should not have to wait for the next. */
export function defaultLimitsFor(handler: {
  readonly mode: string;
  readonly maxRecords?: number;
}): ConsumerLimits {
  const { maxActiveRecords } = defaultConsumerLimits;
  const forBatches = (1 + batchesAhead) * (handler.maxRecords ?? 0);
  return { ...defaultConsumerLimits, maxActiveRecords: Math.max(maxActiveRecords, forBatches) };
}
