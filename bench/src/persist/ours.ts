import { openDatabase } from '@prodsentinel/database';
import { newId } from '@prodsentinel/kernel';
import { createCodec, createConsumer, type BatchHandler } from '@prodsentinel/messaging';
import type { Topic } from '@prodsentinel/contracts';
import { createMetrics, createPersistPipeline, readPersisterConfig, toRules } from '@prodsentinel/persister';
import { keepNewObjectsYoung } from '@prodsentinel/process';
import { Registry } from 'prom-client';
import { toConnection } from '../tools/connection.ts';
import { contend } from '../tools/contender.ts';
import { startCountdown } from '../tools/countdown.ts';
import type { PersistJob } from './job.ts';

// The persister's consumer and pipeline with the settings that it has by default, in a process as it is run.
keepNewObjectsYoung();
contend(async ({ place, groupId, databaseUrl, warmUpRecords, records }: PersistJob) => {
  const config = readPersisterConfig({
    KAFKA_BROKERS: place.brokers.join(','),
    SCHEMA_REGISTRY_URL: place.registryUrl,
    DATABASE_URL: databaseUrl,
  });
  const database = await openDatabase({
    url: databaseUrl,
    applicationName: 'bench-ours',
    poolSize: config.DATABASE_POOL_SIZE,
  });
  const countdown = startCountdown(warmUpRecords, records);
  const pipeline = createPersistPipeline({
    database,
    metrics: createMetrics(new Registry()),
    rules: toRules(config),
    maxRecords: config.PERSIST_MAX_RECORDS,
    maxWindows: config.PERSIST_MAX_WINDOWS,
    concurrency: config.PERSIST_CONCURRENCY,
    nowMs: Date.now,
    newId,
  });
  const consumer = createConsumer({
    connection: toConnection(place),
    codec: createCodec(place.registryUrl, place.topicPrefix),
    groupId,
    topics: ['observations', 'analyses'],
    handler: counting(pipeline, (windows) => countdown.finish(windows)),
  });
  await consumer.start(new AbortController().signal);
  return Promise.race([countdown.done, consumer.failed]);
});

/** The same handler, which tells how many windows each batch held. */
function counting<T extends Topic>(
  handler: BatchHandler<T>,
  onWindows: (count: number) => void,
): BatchHandler<T> {
  return {
    ...handler,
    async handle(records, signal) {
      const outcomes = await handler.handle(records, signal);
      let windows = 0;
      for (const { value } of records) if ('windows' in value) windows += value.windows.length;
      onWindows(windows);
      return outcomes;
    },
  };
}
