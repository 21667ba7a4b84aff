import { createDatabase } from '../create-database.ts';
import type { ServerName } from '../stack.ts';

/** How one server runs in a container. */
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
  /** Where its image has its data, for a volume; absent when it keeps none itself. */
  readonly dataFolder?: string;
  /** Something to do when it first accepts connections. */
  afterStart?(port: number): Promise<void>;
}

/**
 * The plans of servers that lose their data with their containers.
 *
 * @param password of PostgreSQL
 */
export function planThrowAway(password: string): Readonly<Record<ServerName, ContainerPlan>> {
  return { kafka, registry, redis: redisWith('no'), postgres: postgresWith(password) };
}

/** The plans of servers on volumes, in a network where each is found by its name; the registry needs PostgreSQL running. */
export function planKept(password: string): Readonly<Record<ServerName, ContainerPlan>> {
  const postgres = postgresWith(password);
  return {
    kafka,
    registry: registryInPostgres(password),
    redis: redisWith('yes'),
    postgres: { ...postgres, afterStart: (port) => createDatabase(postgres.url(port), schemasDatabase) },
  };
}

/** The registry's own, beside ours. */
const schemasDatabase = 'registry';

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
  dataFolder: '/var/lib/kafka/data',
};

const registry: ContainerPlan = {
  port: 8080,
  environment: () => ({ QUARKUS_LOG_LEVEL: 'WARN' }),
  url: (port) => `http://127.0.0.1:${port}/apis/ccompat/v7`,
  readyWithinMs: 180_000,
};

function registryInPostgres(password: string): ContainerPlan {
  return {
    ...registry,
    environment: (port) => ({
      ...registry.environment(port),
      APICURIO_STORAGE_KIND: 'sql',
      APICURIO_STORAGE_SQL_KIND: 'postgresql',
      APICURIO_DATASOURCE_URL: `jdbc:postgresql://postgres:5432/${schemasDatabase}`,
      APICURIO_DATASOURCE_USERNAME: 'prodsentinel',
      APICURIO_DATASOURCE_PASSWORD: password,
    }),
  };
}

function redisWith(appendOnly: 'yes' | 'no'): ContainerPlan {
  return {
    port: 6379,
    // Claims must not vanish.
    command: ['redis-server', '--save', '', '--appendonly', appendOnly, '--maxmemory-policy', 'noeviction'],
    environment: () => ({}),
    url: (port) => `redis://127.0.0.1:${port}`,
    // It starts in a moment: one that is silent for longer is in an engine whose ports are not on this machine.
    readyWithinMs: 60_000,
    dataFolder: '/data',
  };
}

function postgresWith(password: string): ContainerPlan {
  return {
    port: 5432,
    // As many as the child process takes: several services, their tests and a user's own tools.
    command: ['postgres', '-c', 'max_connections=200'],
    environment: () => ({
      POSTGRES_USER: 'prodsentinel',
      POSTGRES_DB: 'prodsentinel',
      POSTGRES_PASSWORD: password,
      PGDATA: '/var/lib/postgresql/pgdata',
    }),
    url: (port) => `postgres://prodsentinel:${password}@127.0.0.1:${port}/prodsentinel`,
    readyWithinMs: 180_000,
    dataFolder: '/var/lib/postgresql',
  };
}
