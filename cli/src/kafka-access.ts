import type { KafkaConnection } from '@prodsentinel/messaging';
import { kafkaSettings, readKafkaSecurity, readSettings } from '@prodsentinel/process';
import { toMessagingLogger, type ConsoleContext } from './console-context.ts';

/** How to reach Kafka and the schema registry. */
export interface KafkaAccess {
  readonly connection: KafkaConnection;
  readonly registryUrl: string;
}

/**
 * Reads the settings of Kafka and the schema registry (`kafkaSettings`).
 *
 * @throws AppError `configuration` naming what is missing or malformed
 */
export function readKafkaAccess(
  env: ConsoleContext['env'],
  clientId: string,
  say: ConsoleContext['say'],
): KafkaAccess {
  const settings = readSettings(kafkaSettings, env);
  return {
    connection: {
      brokers: settings.KAFKA_BROKERS,
      topicPrefix: settings.KAFKA_TOPIC_PREFIX,
      security: readKafkaSecurity(settings),
      clientId,
      logger: toMessagingLogger(say),
    },
    registryUrl: settings.SCHEMA_REGISTRY_URL,
  };
}
