import { Kafka, logLevel, type logCreator, type RetryOptions, type SASLOptions } from 'kafkajs';
import type { Registry } from 'prom-client';
import { registerCompressionCodecs } from './compression.ts';
import { mendIdleTimer } from './idle-timer.ts';
import { mendProduceEncoding } from './produce-encoding.ts';

/** The part of a pino logger that this library uses. */
export interface MessagingLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** How a connection is protected; PEM texts, and secrets. */
export interface ConnectionSecurity {
  /** Present: TLS. Without `ca` the authorities that Node.js trusts. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly sasl?: {
    readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
    readonly username: string;
    readonly password: string;
  };
}

export interface KafkaConnection {
  readonly brokers: readonly string[];
  /** Before the names of all topics, schema subjects and consumer groups, so that several systems share a cluster. */
  readonly topicPrefix?: string;
  /** Shows in the broker's logs and quotas. */
  readonly clientId: string;
  readonly logger: MessagingLogger;
  /** Without it everybody may listen, and nobody is asked who we are. */
  readonly security?: ConnectionSecurity;
  /** Where consumers show their metrics; without it nobody sees them. */
  readonly metrics?: Registry;
}

/**
 * A client of its own for every consumer and producer: one that met a deleted topic is poisoned for good (measured,
 * kafkajs 2.2.4). `retry` governs reconnects: with many short ones a consumer is back 1.2 s after a broker is, with the
 * default it waits out its own session.
 */
export function createKafkaClient(
  { brokers, clientId, logger, security = {} }: KafkaConnection,
  retry: RetryOptions,
): Kafka {
  process.env['KAFKAJS_NO_PARTITIONER_WARNING'] = '1';
  registerCompressionCodecs();
  mendIdleTimer();
  mendProduceEncoding();
  return new Kafka({
    brokers: [...brokers],
    clientId,
    ...(security.tls ? { ssl: { ...security.tls } } : {}),
    ...(security.sasl ? { sasl: toSaslOptions(security.sasl) } : {}),
    connectionTimeout: 5_000,
    requestTimeout: 30_000,
    enforceRequestTimeout: true,
    retry,
    logLevel: logLevel.INFO,
    logCreator: toLogCreator(logger),
  });
}

/** A copy for each client: kafkajs keeps things of its own in it. */
function toSaslOptions({ mechanism, ...credentials }: NonNullable<ConnectionSecurity['sasl']>): SASLOptions {
  switch (mechanism) {
    case 'PLAIN':
      return { mechanism: 'plain', ...credentials };
    case 'SCRAM-SHA-256':
      return { mechanism: 'scram-sha-256', ...credentials };
    case 'SCRAM-SHA-512':
      return { mechanism: 'scram-sha-512', ...credentials };
  }
}

/** The name of a topic (or group) in the cluster. */
export function clusterName({ topicPrefix = '' }: KafkaConnection, name: string): string {
  return topicPrefix + name;
}

/** The name of a topic as we know it, from its name in the cluster. */
export function ownName({ topicPrefix = '' }: KafkaConnection, nameInCluster: string): string {
  return nameInCluster.slice(topicPrefix.length);
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
