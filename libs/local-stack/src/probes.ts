import { AppError, withDeadline } from '@prodsentinel/kernel';
import { Redis } from 'ioredis';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import pg from 'pg';
import type { ServerName, StackEnvironment } from './stack.ts';

/** Asks a server something that changes nothing; rejects when there is no answer within 10 s. */
export const looks: Readonly<Record<ServerName, (env: StackEnvironment) => Promise<void>>> = {
  kafka: (env) => withAdmin(env, 10_000, async (admin) => void (await admin.describeCluster())),
  registry: async (env) => void (await askRegistry(env, 'GET', '/subjects', 10_000)),
  redis: (env) => withRedis(env, 10_000, async (redis) => void (await redis.ping())),
  postgres: (env) => withPostgres(env, 10_000, async (client) => void (await client.query('select 1'))),
};

/**
 * Makes a server of ours do its work once and clean up after it: a topic created and deleted, a schema registered, a
 * key set, a row read. Rejects within 5 s while it cannot.
 */
export const workouts: Readonly<Record<ServerName, (env: StackEnvironment) => Promise<void>>> = {
  kafka: (env) =>
    withAdmin(env, 5000, async (admin) => {
      await admin.createTopics({ topics: [{ topic: probeName, numPartitions: 1 }], waitForLeaders: false });
      await admin.deleteTopics({ topics: [probeName] });
    }),
  registry: async (env) => {
    await askRegistry(env, 'POST', `/subjects/${probeName}/versions`, 5000);
    await askRegistry(env, 'DELETE', `/subjects/${probeName}`, 5000);
    await askRegistry(env, 'DELETE', `/subjects/${probeName}?permanent=true`, 5000);
  },
  redis: (env) =>
    withRedis(env, 5000, async (redis) => {
      await redis.set(probeName, 'set');
      await redis.del(probeName);
    }),
  postgres: (env) =>
    withPostgres(env, 5000, async (client) => {
      const { rows } = await client.query<{ datname: string }>('select datname from pg_database limit 1');
      if (rows.length !== 1) throw new AppError('unavailable', 'PostgreSQL lists no database');
    }),
};

const probeName = 'prodsentinel-probe';

async function withAdmin(
  env: StackEnvironment,
  timeoutMs: number,
  use: (admin: Admin) => Promise<void>,
): Promise<void> {
  const kafka = new Kafka({
    brokers: env.KAFKA_BROKERS.split(','),
    connectionTimeout: timeoutMs,
    requestTimeout: timeoutMs,
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
  });
  const admin = kafka.admin();
  try {
    await withDeadline(
      'Kafka',
      timeoutMs,
      admin.connect().then(() => use(admin)),
    );
  } finally {
    await admin.disconnect();
  }
}

async function askRegistry(
  env: StackEnvironment,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  timeoutMs: number,
): Promise<unknown> {
  const base = new URL(env.SCHEMA_REGISTRY_URL);
  // fetch refuses URLs that carry a user and password.
  const credentials = `${decodeURIComponent(base.username)}:${decodeURIComponent(base.password)}`;
  base.username = '';
  base.password = '';
  const response = await fetch(`${base.href.replace(/\/$/, '')}${path}`, {
    method,
    headers: {
      'content-type': 'application/vnd.schemaregistry.v1+json',
      ...(credentials === ':'
        ? {}
        : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }),
    },
    ...(method === 'POST' ? { body: JSON.stringify({ schema: '"string"' }) } : {}),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await response.text();
  if (!response.ok) {
    throw new AppError('unavailable', `the schema registry answered ${response.status} to ${method} ${path}`);
  }
  return JSON.parse(text) as unknown;
}

async function withRedis(
  env: StackEnvironment,
  timeoutMs: number,
  use: (redis: Redis) => Promise<void>,
): Promise<void> {
  const redis = new Redis(env.REDIS_URL, {
    lazyConnect: true,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // The reason of a failed connection comes as an event, the rejection only says that it was closed.
  let reason: unknown;
  redis.on('error', (error: unknown) => (reason = error));
  try {
    await withDeadline(
      'Redis',
      timeoutMs,
      redis.connect().then(() => use(redis)),
    );
  } catch (error) {
    throw new AppError('unavailable', 'Redis does not answer', { cause: reason ?? error });
  } finally {
    redis.disconnect();
  }
}

async function withPostgres(
  env: StackEnvironment,
  timeoutMs: number,
  use: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = new pg.Client({
    connectionString: env.DATABASE_URL,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
  });
  let reason: unknown;
  client.on('error', (error: unknown) => (reason = error));
  try {
    await client.connect();
    await use(client);
  } catch (error) {
    throw new AppError('unavailable', 'PostgreSQL does not answer', { cause: reason ?? error });
  } finally {
    await client.end();
  }
}
