import { Redis } from 'ioredis';
import kafkajs from 'kafkajs';
import { openDatabase, migrateUp, type Database } from '@prodsentinel/database';
import {
  readSystemTotals,
  replayFiles,
  startSystem,
  waitUntilSettled,
  type System,
  type SystemTotals,
} from '@prodsentinel/demo';
import { Releasers } from '@prodsentinel/kernel';
import { startStack, type Stack } from '@prodsentinel/local-stack';
import { setUp, type KafkaConnection, type MessagingLogger } from '@prodsentinel/messaging';

const silent: MessagingLogger = { debug() {}, info() {}, warn() {}, error() {} };

/** Shorter than in production, so that a test waits for facts and not for defaults. */
const quickSettings = {
  WINDOW_QUIET_MS: '1000',
  WINDOW_MAX_AGE_MS: '3000',
  FIRST_ANALYSIS_DELAY_MS: '500',
  SWEEP_INTERVAL_MS: '100',
  SESSION_TIMEOUT_MS: '2000',
};

/** A stack of its own with a whole ProdSentinel on it, for one test file. */
export interface WholeSystem {
  readonly stack: Stack;
  readonly system: System;
  readonly database: Database;
  readonly connection: KafkaConnection;
  readonly registryUrl: string;
  replay(...files: string[]): Promise<void>;
  settled(): Promise<void>;
  totals(): Promise<SystemTotals>;
  /** Sets a group that has no members back to the beginning of a topic. */
  resetGroup(groupId: string, topic: string): Promise<void>;
  flushRedis(): Promise<void>;
  /** Waits until a query answers with a row whose first column is true. */
  untilTrue(sql: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startWholeSystem(settings: Record<string, string> = {}): Promise<WholeSystem> {
  const resources = new Releasers();
  const { signal } = new AbortController();
  try {
    const stack = await startStack({ source: 'processes' });
    resources.add('the stack', stack, (each) => each.stop());
    const connection = { brokers: stack.env.KAFKA_BROKERS.split(','), clientId: 'e2e', logger: silent };
    const registryUrl = stack.env.SCHEMA_REGISTRY_URL;
    await setUp({ connection, registryUrl, partitions: 4, replicationFactor: 1 });
    const database = await openDatabase({ url: stack.env.DATABASE_URL, applicationName: 'e2e', poolSize: 2 });
    resources.add('the database', database, (each) => each.close());
    await migrateUp(stack.env.DATABASE_URL);
    const system = await startSystem({
      stackEnv: stack.env,
      settings: { ...quickSettings, ...settings },
      baseEnv: { PATH: process.env['PATH'] },
    });
    resources.add('the services', system, (each) => each.stop());
    const settled = () => waitUntilSettled({ connection, database, signal, pollMs: 200 });
    return {
      stack,
      system,
      database,
      connection,
      registryUrl,
      settled,
      async replay(...files) {
        await replayFiles({ connection, registryUrl, files, signal, now: Date.now });
      },
      async resetGroup(groupId, topic) {
        const client = new kafkajs.Kafka({ brokers: connection.brokers, logLevel: kafkajs.logLevel.NOTHING });
        const admin = client.admin();
        await admin.connect();
        await admin.resetOffsets({ groupId, topic, earliest: true });
        await admin.disconnect();
      },
      async flushRedis() {
        const redis = new Redis(stack.env.REDIS_URL);
        await redis.flushall();
        redis.disconnect();
      },
      totals: () => readSystemTotals(connection, database),
      async untilTrue(sql) {
        for (;;) {
          const [row] = await database.query<Record<string, unknown>>(sql);
          if (row && Object.values(row)[0] === true) return;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      },
      stop: () => resources.release(),
    };
  } catch (error) {
    await resources.release();
    throw error;
  }
}
