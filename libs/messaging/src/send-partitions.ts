import type { ICustomPartitioner, Message, RecordMetadata } from 'kafkajs';
import { createPartitioner } from './partitioner.ts';

/**
 * The partitions of one send, and which of them were acknowledged.
 *
 * kafkajs 2.2.4 asks no broker twice within a send (`producer/sendMessages.js`, `brokersWithoutResponse`): when a leader dies
 * and a broker that has already answered takes its partitions over, the retry leaves their records out, and the send
 * resolves. Only the answers tell: they name each partition that was written.
 */
export class SendPartitions {
  readonly #ofMessage = new Map<Message, number>();
  readonly #expected = new Map<string, Set<number>>();

  /** A record keeps its partition through the retries of a send: one without a key would get another each time. */
  readonly createPartitioner: ICustomPartitioner = () => {
    const choose = createPartitioner();
    return (input) => {
      const known = this.#ofMessage.get(input.message);
      if (known !== undefined) return known;
      const partition = choose(input);
      this.#ofMessage.set(input.message, partition);
      this.#expect(input.topic, partition);
      return partition;
    };
  };

  /** Before each send: forgets the one before. */
  begin(): void {
    this.#ofMessage.clear();
    this.#expected.clear();
  }

  /** `topic/partition` of each that the answers of a send leave out. */
  unacknowledged(answers: readonly Pick<RecordMetadata, 'topicName' | 'partition'>[]): string[] {
    for (const { topicName, partition } of answers) this.#expected.get(topicName)?.delete(partition);
    return [...this.#expected].flatMap(([topic, partitions]) =>
      [...partitions].map((partition) => `${topic}/${partition}`),
    );
  }

  #expect(topic: string, partition: number): void {
    const partitions = this.#expected.get(topic);
    if (partitions) partitions.add(partition);
    else this.#expected.set(topic, new Set([partition]));
  }
}
