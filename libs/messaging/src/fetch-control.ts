import type { Consumer as KafkaConsumer } from 'kafkajs';
import type { AssignedPartition } from './assigned-partition.ts';
import { fetchInChunks, installChunkedFetch } from './chunked-fetch.ts';
import type { ConsumerLimits } from './consumer-limits.ts';
import { clusterName, type KafkaConnection } from './kafka-client.ts';

/** Fetching resumes at this share of the limit that paused it. */
const resumeShare = 0.5;

interface PartitionName {
  readonly topic: string;
  readonly partition: number;
}

/** Which partitions are fetched: not those of which too much is in flight, nor those that are halted. */
export class FetchControl {
  readonly #kafka: KafkaConsumer;
  readonly #connection: KafkaConnection;
  readonly #limits: ConsumerLimits;
  #endChunks: () => void = () => undefined;
  /** kafkajs has ended its member, for good or until it joins anew: then nothing is paused. */
  #isEnded = false;

  constructor(kafka: KafkaConsumer, connection: KafkaConnection, limits: ConsumerLimits) {
    this.#kafka = kafka;
    this.#connection = connection;
    this.#limits = limits;
    kafka.on(kafka.events.STOP, () => void (this.#isEnded = true));
    installChunkedFetch();
  }

  /** Each join may bring another member id. */
  joined(memberId: string): void {
    this.#isEnded = false;
    this.#endChunks();
    this.#endChunks = fetchInChunks(memberId, this.#limits.maxUnpackedBytes);
  }

  stop(): void {
    this.#endChunks();
  }

  pauseWhenHigh(owner: AssignedPartition): void {
    if (owner.isPaused || this.#loadOf(owner) < 1) return;
    owner.isPaused = true;
    this.pause([owner]);
  }

  resumeWhenLow(owner: AssignedPartition): void {
    const mayResume = owner.isPaused && !owner.isLost && owner.haltReason === undefined;
    if (!mayResume || this.#loadOf(owner) > resumeShare) return;
    owner.isPaused = false;
    this.resume(owner);
  }

  pause(partitions: readonly PartitionName[]): void {
    if (this.#isEnded) return;
    this.#kafka.pause(partitions.map((each) => this.#selectorOf(each)));
  }

  /** From the offset on, or from where fetching stands. */
  resume(name: PartitionName, offset?: number): void {
    if (this.#isEnded) return;
    const selector = this.#selectorOf(name);
    if (offset !== undefined)
      this.#kafka.seek({ topic: selector.topic, partition: name.partition, offset: String(offset) });
    this.#kafka.resume([selector]);
  }

  #selectorOf({ topic, partition }: PartitionName) {
    return { topic: clusterName(this.#connection, topic), partitions: [partition] };
  }

  /** 1 and above: full. */
  #loadOf({ activeRecords, activeBytes, tracker }: AssignedPartition): number {
    const { maxActiveRecords, maxActiveBytes, maxOpenRecords } = this.#limits;
    return Math.max(
      activeRecords / maxActiveRecords,
      activeBytes / maxActiveBytes,
      tracker.openCount / maxOpenRecords,
    );
  }
}
