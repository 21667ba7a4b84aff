import type { Topic } from '@prodsentinel/contracts';
import { untilAvailable } from '@prodsentinel/kernel';
import type { Codec } from './codec.ts';
import type { KafkaConnection } from './kafka-client.ts';
import type { OutgoingRecord, Producer } from './port.ts';
import { RawProducer, type ProducerLimits, type RawMessage } from './raw-producer.ts';
import { verifyTopics } from './topic-check.ts';

export interface ProducerOptions extends ProducerLimits {
  readonly connection: KafkaConnection;
  readonly codec: Codec;
  /** The topics it writes to; they and their schemas are verified at start. */
  readonly topics: readonly Topic[];
}

export function createProducer({ connection, codec, topics, ...limits }: ProducerOptions): Producer {
  const raw = new RawProducer(connection, limits);
  return {
    async start(signal) {
      await untilAvailable(() => verifyTopics(connection, topics), {
        signal,
        onUnavailable: (error) => connection.logger.warn({ event: 'waiting_for_kafka' }, error.message),
      });
      await untilAvailable(() => codec.prepare(topics), {
        signal,
        onUnavailable: (error) => connection.logger.warn({ event: 'waiting_for_registry' }, error.message),
      });
      await raw.start(signal);
    },
    async send<T extends Topic>(records: readonly OutgoingRecord<T>[]) {
      return raw.sendRaw(records.map((record) => toMessage(codec, record)));
    },
    get isReachable() {
      return raw.isReachable;
    },
    stop: () => raw.stop(),
  };
}

function toMessage<T extends Topic>(
  codec: Codec,
  { topic, key, value, headers }: OutgoingRecord<T>,
): RawMessage {
  const bytes = codec.encode(topic, value);
  return headers ? { topic, key, value: bytes, headers } : { topic, key, value: bytes };
}
