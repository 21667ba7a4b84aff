import type { ServerName } from '../stack.ts';

/** How one server runs in a container with throw-away data. */
export interface ContainerPlan {
  /** Where it listens inside its container. */
  readonly port: number;
  readonly command?: readonly string[];
  /** @param port where it is published on this machine's loopback */
  environment(port: number): Readonly<Record<string, string>>;
  /** Where it then is, in the words of the environment. */
  url(port: number): string;
  /** Milliseconds from the start of its container to its first answer. */
  readonly readyWithinMs: number;
}

/** @param password of PostgreSQL */
export function planContainers(password: string): Readonly<Record<ServerName, ContainerPlan>> {
  return { kafka, registry, redis, postgres: postgresWith(password) };
}

const kafka: ContainerPlan = {
  port: 9092,
  environment: (port) => ({
    CLUSTER_ID: 'UHJvZFNlbnRpbmVsU3RhYw',
    KAFKA_NODE_ID: '1',
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
    KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
    // The broker speaks to itself, too, and does not find itself under the port of this machine.
    KAFKA_INTER_BROKER_LISTENER_NAME: 'PLAINTEXT',
    KAFKA_LISTENERS: 'PLAINTEXT://:19092,PLAINTEXT_HOST://:9092,CONTROLLER://:9093',
    KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://localhost:19092,PLAINTEXT_HOST://127.0.0.1:${port}`,
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PLAINTEXT_HOST:PLAINTEXT',
    KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: '5',
    KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
    KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS: '5',
    KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR: '1',
    KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
    // A topic that nobody created is a mistake; it must not come to be by a typing error.
    KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    KAFKA_LOG_DIRS: '/var/lib/kafka/data',
    KAFKA_HEAP_OPTS: '-Xms64M -Xmx512M',
  }),
  url: (port) => `127.0.0.1:${port}`,
  readyWithinMs: 180_000,
};

const registry: ContainerPlan = {
  port: 8080,
  environment: () => ({ QUARKUS_LOG_LEVEL: 'WARN' }),
  url: (port) => `http://127.0.0.1:${port}/apis/ccompat/v7`,
  readyWithinMs: 180_000,
};

const redis: ContainerPlan = {
  port: 6379,
  // Claims must not vanish.
  command: ['redis-server', '--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'],
  environment: () => ({}),
  url: (port) => `redis://127.0.0.1:${port}`,
  // It starts in a moment: one that is silent for longer is in an engine whose ports are not on this machine.
  readyWithinMs: 60_000,
};

function postgresWith(password: string): ContainerPlan {
  return {
    port: 5432,
    // As many as the child process takes: several services, their tests and a user's own tools.
    command: ['postgres', '-c', 'max_connections=200'],
    environment: () => ({
      POSTGRES_USER: 'prodsentinel',
      POSTGRES_DB: 'prodsentinel',
      POSTGRES_PASSWORD: password,
    }),
    url: (port) => `postgres://prodsentinel:${password}@127.0.0.1:${port}/prodsentinel`,
    readyWithinMs: 180_000,
  };
}
