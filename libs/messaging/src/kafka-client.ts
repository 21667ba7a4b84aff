import { Kafka, logLevel, type logCreator, type RetryOptions } from 'kafkajs';
import type { Registry } from 'prom-client';
import { registerCompressionCodecs } from './compression.ts';
import { mendIdleTimer } from './idle-timer.ts';

/** The part of a pino logger that this library uses. */
export interface MessagingLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface KafkaConnection {
  readonly brokers: readonly string[];
  /** Before the names of all topics, schema subjects and consumer groups, so that several systems share a cluster. */
  readonly topicPrefix?: string;
  /** Shows in the broker's logs and quotas. */
  readonly clientId: string;
  readonly logger: MessagingLogger;
  /** Where consumers show their metrics; without it nobody sees them. */
  readonly metrics?: Registry;
}

/**
 * A client of its own for every consumer and producer: one that met a deleted topic is poisoned for good (measured,
 * kafkajs 2.2.4). `retry` governs reconnects: with many short ones a consumer is back 1.2 s after a broker is, with the
 * default it waits out its own session.
 */
export function createKafkaClient(
  { brokers, clientId, logger }: KafkaConnection,
  retry: RetryOptions,
): Kafka {
  process.env['KAFKAJS_NO_PARTITIONER_WARNING'] = '1';
  registerCompressionCodecs();
  mendIdleTimer();
  return new Kafka({
    brokers: [...brokers],
    clientId,
    connectionTimeout: 5_000,
    requestTimeout: 30_000,
    enforceRequestTimeout: true,
    retry,
    logLevel: logLevel.INFO,
    logCreator: toLogCreator(logger),
  });
}

/** The name of a topic (or group) in the cluster. */
export function clusterName({ topicPrefix = '' }: KafkaConnection, name: string): string {
  return topicPrefix + name;
}

/** kafkajs calls every lost connection an error; for us a dependency that is away is a warning, said once by its stage. */
function toLogCreator(logger: MessagingLogger): logCreator {
  return () =>
    ({ level, namespace, log }) => {
      const { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...fields } = log;
      const entry = { kafkajs: namespace, ...fields };
      if (level === logLevel.ERROR) logger.warn(entry, message);
      else logger.debug(entry, message);
    };
}
