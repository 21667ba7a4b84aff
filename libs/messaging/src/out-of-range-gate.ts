import { createRequire } from 'node:module';

/** A fetch asked for an offset that the partition does not hold. */
export interface OutOfRange {
  /** Its name in the cluster. */
  readonly topic: string;
  readonly partition: number;
  readonly asked: number;
  /** The first record there is; reading goes on from it. */
  readonly low: number;
  /** The offset after the last. */
  readonly high: number;
}

type Listener = (found: OutOfRange) => void;

interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

interface ConsumerGroup {
  readonly memberId: string | null;
  readonly cluster: {
    fetchTopicsOffset(
      topics: readonly { topic: string; partitions: { partition: number }[]; fromBeginning: boolean }[],
    ): Promise<{ partitions: { offset: string }[] }[]>;
  };
  readonly offsetManager: {
    nextOffset(topic: string, partition: number): { toString(): string };
    /** Without automatic commits: moves where fetching goes on, and commits nothing. */
    seek(to: TopicPartition & { offset: string }): Promise<void>;
  };
  recoverFromOffsetOutOfRange(error: TopicPartition): Promise<void>;
}

const listeners = new Map<string, Listener>();
let isInstalled = false;

/** Told before reading goes on elsewhere; returns what ends the telling. */
export function listenForOutOfRange(memberId: string, listener: Listener): () => void {
  listeners.set(memberId, listener);
  return () => void listeners.delete(memberId);
}

/**
 * Must have been called before the consumer runs. kafkajs 2.2.4 answers an offset that is out of range by committing -2 (the
 * beginning) or -1 (the end: everything is skipped) for the whole group, with `autoCommit: false` too, and tells nobody.
 * With a listener the first record there is is read next, and nothing is committed that was not finished.
 */
export function installOutOfRangeGate(): void {
  if (isInstalled) return;
  isInstalled = true;
  const require = createRequire(import.meta.url);
  const { prototype } = require('kafkajs/src/consumer/consumerGroup') as { prototype: ConsumerGroup };
  // oxlint-disable-next-line typescript/unbound-method -- called with the group it belongs to, below
  const commitDefault = prototype.recoverFromOffsetOutOfRange;
  prototype.recoverFromOffsetOutOfRange = async function (this: ConsumerGroup, error) {
    const listener = this.memberId === null ? undefined : listeners.get(this.memberId);
    if (!listener) return commitDefault.call(this, error);
    const { topic, partition } = error;
    const asked = Number(this.offsetManager.nextOffset(topic, partition).toString());
    const low = await boundOf(this, error, true);
    const high = await boundOf(this, error, false);
    // Records came meanwhile: the next fetch finds it.
    if (asked >= low && asked <= high) return;
    listener({ topic, partition, asked, low, high });
    await this.offsetManager.seek({ topic, partition, offset: String(low) });
  };
}

async function boundOf(
  { cluster }: ConsumerGroup,
  { topic, partition }: TopicPartition,
  fromBeginning: boolean,
): Promise<number> {
  const [found] = await cluster.fetchTopicsOffset([{ topic, partitions: [{ partition }], fromBeginning }]);
  return Number(found?.partitions[0]?.offset);
}
