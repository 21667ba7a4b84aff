import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import type { StackEnvironment } from '../src/index.ts';

/** What one write left in each server. */
export interface Written {
  readonly topics: readonly string[];
  readonly subjects: readonly string[];
  readonly key: string | null;
  readonly rows: readonly string[];
}

export const written = (text: string): Written => ({
  topics: [text],
  subjects: [text],
  key: text,
  rows: [text],
});

export async function write(env: StackEnvironment, text: string): Promise<void> {
  const admin = new Kafka({ brokers: [env.KAFKA_BROKERS], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: text }] });
  await admin.disconnect();
  const answer = await fetch(`${env.SCHEMA_REGISTRY_URL}/subjects/${text}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ schema: '"string"' }),
  });
  if (!answer.ok) throw new Error(`the registry answered ${answer.status}: ${await answer.text()}`);
  const redis = new Redis(env.REDIS_URL);
  await redis.set('text', text);
  await redis.quit();
  const client = new pg.Client({ connectionString: env.DATABASE_URL });
  await client.connect();
  await client.query('create table texts (text text)');
  await client.query('insert into texts values ($1)', [text]);
  await client.end();
}

export async function read(env: StackEnvironment): Promise<Written> {
  const admin = new Kafka({ brokers: [env.KAFKA_BROKERS], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const topics = await admin.listTopics();
  await admin.disconnect();
  const subjects = (await (await fetch(`${env.SCHEMA_REGISTRY_URL}/subjects`)).json()) as string[];
  const redis = new Redis(env.REDIS_URL);
  const key = await redis.get('text');
  await redis.quit();
  const client = new pg.Client({ connectionString: env.DATABASE_URL });
  await client.connect();
  const { rows } = await client.query<{ text: string }>('select text from texts');
  await client.end();
  return { topics, subjects, key, rows: rows.map(({ text }) => text) };
}
