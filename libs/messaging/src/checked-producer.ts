import { AppError } from '@prodsentinel/kernel';
import type { Kafka, Producer as KafkaProducer, TopicMessages } from 'kafkajs';
import { SendPartitions } from './send-partitions.ts';

/** An idempotent producer of kafkajs for one send at a time, which believes an acknowledgement only when it is whole. */
export class CheckedProducer {
  readonly #partitions = new SendPartitions();
  readonly #producer: KafkaProducer;

  constructor(client: Kafka) {
    this.#producer = client.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: this.#partitions.createPartitioner,
      retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 1_000 },
    });
  }

  connect(): Promise<void> {
    return this.#producer.connect();
  }

  disconnect(): Promise<void> {
    return this.#producer.disconnect();
  }

  /** @throws AppError `unknown_outcome` when the answers leave a partition out; what kafkajs throws otherwise */
  async send(topicMessages: TopicMessages[]): Promise<void> {
    this.#partitions.begin();
    const answers = await this.#producer.sendBatch({ acks: -1, topicMessages });
    const missing = this.#partitions.unacknowledged(answers);
    if (missing.length > 0)
      throw new AppError(
        'unknown_outcome',
        `${missing.join(', ')}: no broker answered for it, its leader was replaced`,
      );
  }
}
