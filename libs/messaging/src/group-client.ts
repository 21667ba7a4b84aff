import type { Consumer } from 'kafkajs';
import { describeError, withDeadline } from '@prodsentinel/kernel';
import type { ConsumerLimits } from './consumer-limits.ts';
import {
  clusterName,
  createKafkaClient,
  ownName,
  type KafkaConnection,
  type MessagingLogger,
} from './kafka-client.ts';

const disconnectDeadlineMs = 5_000;

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
    // kafkajs refuses heartbeats that are no more frequent than sessions end.
    heartbeatInterval: Math.min(limits.heartbeatIntervalMs, Math.floor(limits.sessionTimeoutMs / 3)),
    rebalanceTimeout: 60_000,
    maxBytesPerPartition: 1024 * 1024,
    maxWaitTimeInMs: 250,
    metadataMaxAge: 60_000,
    allowAutoTopicCreation: false,
    retry: { restartOnFailure: async () => mayRestart() },
  });
}

/** Which partitions of which topics, by their own names. */
export function toAssignment(
  connection: KafkaConnection,
  assignment: Readonly<Record<string, readonly number[]>>,
): Record<string, readonly number[]> {
  return Object.fromEntries(
    Object.entries(assignment).map(([name, each]) => [ownName(connection, name), each]),
  );
}

/** Whether the brokers heard it or not: they notice that the heartbeats end. */
export async function leaveGroup(consumer: Consumer, logger: MessagingLogger): Promise<void> {
  try {
    await withDeadline('leaving the group', disconnectDeadlineMs, consumer.disconnect());
  } catch (error) {
    logger.warn({ event: 'disconnect_failed' }, describeError(error));
  }
}
