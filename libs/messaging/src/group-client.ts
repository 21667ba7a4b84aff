import type { Consumer } from 'kafkajs';
import type { ConsumerLimits } from './consumer-limits.ts';
import { clusterName, createKafkaClient, type KafkaConnection } from './kafka-client.ts';

/** The kafkajs consumer of a group. Many short retries: it is back 1.2 s after a broker is. */
export function createGroupClient(
  connection: KafkaConnection,
  groupId: string,
  limits: ConsumerLimits,
  mayRestart: () => boolean,
): Consumer {
  const client = createKafkaClient(connection, {
    retries: 1_000,
    initialRetryTime: 200,
    maxRetryTime: 1_500,
  });
  return client.consumer({
    groupId: clusterName(connection, groupId),
    sessionTimeout: limits.sessionTimeoutMs,
    heartbeatInterval: limits.heartbeatIntervalMs,
    rebalanceTimeout: 60_000,
    maxBytesPerPartition: 1024 * 1024,
    maxWaitTimeInMs: 250,
    metadataMaxAge: 60_000,
    allowAutoTopicCreation: false,
    retry: { restartOnFailure: async () => mayRestart() },
  });
}
