import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';
import { isRecordBatch, readChunks, type AbortedTransaction } from './read-chunks.ts';
import { UnpackBudget } from './unpack-budget.ts';

/** Where kafkajs is in the bytes of an answer. */
interface Decoder {
  readonly buffer: Buffer;
  offset: number;
  readInt16(): number;
  readInt32(): number;
  readInt64(): bigint;
  readString(): string;
  readArray<T>(read: (decoder: Decoder) => T): T[];
  readBytes(length: number): Buffer;
  canReadBytes(length: number): boolean;
  readArrayAsync<T>(read: (decoder: Decoder) => Promise<T>): Promise<T[]>;
}

interface ConsumerGroup {
  readonly memberId: string | null;
  readonly maxWaitTime: number;
  readonly subscriptionState: { active(): { topic: string; partitions: number[] }[] };
  filterPartitionsByNode(
    nodeId: string,
    partitions: { topic: string; partitions: number[] }[],
  ): { partitions: number[] }[];
  fetch(nodeId: string): Promise<unknown[]>;
  resume(partitions: unknown): void;
}

const require = createRequire(import.meta.url);
/** For the formats before Kafka 0.11. */
const decodeMessages = require('kafkajs/src/protocol/requests/fetch/v4/decodeMessages') as (
  decoder: Decoder,
) => Promise<unknown[]>;
/** The bytes that may be unpacked of one answer, by member. */
const members = new Map<string, number>();
const asChunks = new AsyncLocalStorage<{ readonly maxUnpackedBytes: number } | undefined>();
let isInstalled = false;

/**
 * What the member fetches comes as `RecordChunk`s from now on; returns what ends it.
 *
 * @param maxUnpackedBytes of a record batch, and of an answer until no further batch of it is unpacked
 */
export function fetchInChunks(memberId: string, maxUnpackedBytes: number): () => void {
  members.set(memberId, maxUnpackedBytes);
  return () => void members.delete(memberId);
}

/**
 * Must have been called before the consumer runs. kafkajs 2.2.4 makes a dozen objects of each record as soon as it is
 * fetched, and what waits for its turn is copied by the garbage collector until it comes: for members that asked for it, the
 * records stay bytes. Nor do those members sleep for `maxWaitTime` when all their partitions are paused and one is resumed.
 */
export function installChunkedFetch(): void {
  if (isInstalled) return;
  isInstalled = true;
  readAnswersInChunks();
  wakeWhenResumed();
}

/** Version 11 is what brokers since Kafka 2.3 are asked for. */
function readAnswersInChunks(): void {
  const answer = require('kafkajs/src/protocol/requests/fetch/v11/response') as {
    decode: (raw: Buffer) => Promise<unknown>;
  };
  const KafkaDecoder = require('kafkajs/src/protocol/decoder') as new (raw: Buffer) => Decoder;
  const decodeRecords = answer.decode;
  answer.decode = async (raw) => {
    const ours = asChunks.getStore();
    if (!ours) return decodeRecords(raw);
    const budget = new UnpackBudget(ours.maxUnpackedBytes);
    const decoder = new KafkaDecoder(raw);
    const clientSideThrottleTime = decoder.readInt32();
    const errorCode = decoder.readInt16();
    const sessionId = decoder.readInt32();
    const responses = await decoder.readArrayAsync(async (each) => ({
      topicName: each.readString(),
      partitions: await each.readArrayAsync((partition) => readPartition(partition, budget)),
    }));
    // The broker has not waited: kafkajs does it for a throttle time of its own making.
    return { throttleTime: 0, clientSideThrottleTime, errorCode, sessionId, responses };
  };
}

async function readPartition(decoder: Decoder, budget: UnpackBudget) {
  const partition = decoder.readInt32();
  const errorCode = decoder.readInt16();
  const highWatermark = decoder.readInt64().toString();
  const lastStableOffset = decoder.readInt64().toString();
  const lastStartOffset = decoder.readInt64().toString();
  const aborted = decoder.readArray((each) => ({
    producerId: each.readInt64(),
    firstOffset: Number(each.readInt64()),
  }));
  const preferredReadReplica = decoder.readInt32();
  const messages = await readRecords(decoder, aborted, budget);
  const bounds = { highWatermark, lastStableOffset, lastStartOffset };
  // Chunks of aborted transactions are hidden already.
  return { partition, errorCode, ...bounds, abortedTransactions: [], preferredReadReplica, messages };
}

async function readRecords(
  decoder: Decoder,
  aborted: readonly AbortedTransaction[],
  budget: UnpackBudget,
): Promise<unknown[]> {
  const start = decoder.offset;
  const size = decoder.readInt32();
  if (size <= 0 || !decoder.canReadBytes(size)) return [];
  const bytes = decoder.readBytes(size);
  if (isRecordBatch(bytes)) return readChunks(bytes, aborted, budget);
  decoder.offset = start;
  return decodeMessages(decoder);
}

/** Fetches of groups whose partitions are all paused, waiting for one to be resumed. */
const asleep = new WeakMap<ConsumerGroup, Set<() => void>>();

function wakeWhenResumed(): void {
  const { prototype } = require('kafkajs/src/consumer/consumerGroup') as { prototype: ConsumerGroup };
  // oxlint-disable-next-line typescript/unbound-method -- called with the group they belong to, below
  const { fetch, resume } = prototype;
  prototype.fetch = async function (this: ConsumerGroup, nodeId) {
    // Not as whoever has started this one was asked for: a fetch that joins anew tells listeners, and those may read, too.
    const maxUnpackedBytes = members.get(this.memberId ?? '');
    if (maxUnpackedBytes === undefined) return asChunks.run(undefined, () => fetch.call(this, nodeId));
    // Not within the time of one fetch: then kafkajs does what else is due, and sleeps by itself.
    if (!hasActive(this, nodeId) && (await isResumed(this))) return [];
    return asChunks.run({ maxUnpackedBytes }, () => fetch.call(this, nodeId));
  };
  prototype.resume = function (this: ConsumerGroup, partitions) {
    resume.call(this, partitions);
    for (const wake of asleep.get(this) ?? []) wake();
  };
}

function hasActive(group: ConsumerGroup, nodeId: string): boolean {
  try {
    const active = group.filterPartitionsByNode(nodeId, group.subscriptionState.active());
    return active.some(({ partitions }) => partitions.length > 0);
  } catch {
    // The fetch meets the same, and knows what to do.
    return true;
  }
}

/** Whether a partition was resumed within the time that a fetch may wait. */
async function isResumed(group: ConsumerGroup): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const wake = () => resolve(true);
  const timer = setTimeout(() => resolve(false), group.maxWaitTime);
  const wakes = asleep.get(group) ?? new Set();
  asleep.set(group, wakes.add(wake));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    wakes.delete(wake);
  }
}
