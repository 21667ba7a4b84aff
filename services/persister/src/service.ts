import { newId, Releasers, untilAvailable } from '@prodsentinel/kernel';
import { openDatabase, verifyMigrations, type Database } from '@prodsentinel/database';
import {
  createConsumer,
  createProducer,
  openCodec,
  type Codec,
  type CrashMemory,
  type HaltStore,
  type KafkaConnection,
  type Producer,
} from '@prodsentinel/messaging';
import { toConsumerLimits, type Service, type ServiceContext } from '@prodsentinel/process';
import type { PersisterConfig } from './config.ts';
import type { DecisionRules } from './domain/decide-observations.ts';
import { createKafkaProgress } from './adapters/kafka-progress.ts';
import { openConsumerMemory } from './adapters/consumer-memory.ts';
import { keepHouse, type HousekeepingRules } from './housekeeping.ts';
import { loop } from './loop.ts';
import { createMetrics, type PersisterMetrics } from './metrics.ts';
import { createPersistPipeline } from './pipeline.ts';
import { createReadServer } from './read-server.ts';
import { sweepOutbox } from './steps/sweep-outbox.ts';
import { Watermark } from './watermark.ts';

/**
 * The persister: `observations` and `analyses` in, PostgreSQL, `analysis-requests` out. Its stages: `persist` takes
 * records, `publish` sweeps the outbox, `housekeeping` resolves, closes and removes.
 */
export function createPersisterService(config: PersisterConfig, context: ServiceContext): Service {
  const resources = new Releasers();
  const { promise: failed, reject: fail } = Promise.withResolvers<never>();
  const addresses: Record<string, string> = {};
  return {
    failed,
    addresses,
    async start() {
      for (const stage of ['persist', 'publish', 'housekeeping']) context.health.set(stage, 'starting');
      const database = resources.add('the database', await openVerified(config, context), (each) =>
        each.close(),
      );
      const codec = openCodec(config, context.logger);
      const producer = resources.add('the producer', createRequestProducer(config, context, codec), (each) =>
        each.stop(),
      );
      await producer.start(context.signal);
      const redis = resources.add('Redis', openConsumerMemory(config, context.logger), async (each) =>
        each.close(),
      );
      const running: Running = {
        haltStore: redis.haltStore,
        crashMemory: redis.crashMemory,
        config,
        context,
        database,
        producer,
        metrics: createMetrics(context.health.metrics),
      };
      const consumer = resources.add('the consumer', createEventConsumer(running, codec), (each) =>
        each.stop(),
      );
      consumer.failed.catch(fail);
      await consumer.start(context.signal);
      const reading = resources.add('the read server', createReadServer(database, context.logger), (each) =>
        each.close(),
      );
      addresses['read'] = await reading.listen({ host: config.READ_HOST, port: config.READ_PORT });
      context.logger.info(
        { event: 'reading', address: addresses['read'] },
        'incidents can be read over HTTP',
      );
      startLoops(running, resources).catch(fail);
    },
    stop: () => resources.release(),
  };
}

interface Running {
  readonly config: PersisterConfig;
  readonly context: ServiceContext;
  readonly database: Database;
  readonly producer: Producer;
  readonly haltStore: HaltStore;
  readonly crashMemory: CrashMemory | undefined;
  readonly metrics: PersisterMetrics;
}

/** Waits for the database; a schema that is not this build's stops the service. */
async function openVerified(
  config: PersisterConfig,
  { logger, health, signal }: ServiceContext,
): Promise<Database> {
  const database = await untilAvailable(
    () =>
      openDatabase({
        url: config.DATABASE_URL,
        applicationName: 'prodsentinel-persister',
        poolSize: config.DATABASE_POOL_SIZE,
        onConnectionLost: (reason) => logger.warn({ event: 'connection_lost' }, reason),
      }),
    {
      signal,
      onUnavailable: (error) => {
        health.set('persist', 'starting', error.message);
        logger.warn({ event: 'waiting_for_database' }, error.message);
      },
    },
  );
  try {
    await untilAvailable(() => verifyMigrations(database), { signal });
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

function connectionOf(config: PersisterConfig, { logger, health }: ServiceContext): KafkaConnection {
  return {
    brokers: config.KAFKA_BROKERS,
    clientId: 'prodsentinel-persister',
    topicPrefix: config.KAFKA_TOPIC_PREFIX,
    security: config.kafkaSecurity,
    logger,
    metrics: health.metrics,
  };
}

function createRequestProducer(config: PersisterConfig, context: ServiceContext, codec: Codec): Producer {
  return createProducer({
    connection: connectionOf(config, context),
    codec,
    topics: ['analysis-requests'],
  });
}

function createEventConsumer(running: Running, codec: Codec) {
  const { config, context, database, metrics, haltStore, crashMemory } = running;
  const say = sayHowPersistStands(context);
  return createConsumer({
    connection: connectionOf(config, context),
    groupId: 'prodsentinel-persist',
    topics: ['observations', 'analyses'],
    codec,
    limits: {
      sessionTimeoutMs: config.SESSION_TIMEOUT_MS,
      drainMs: config.DRAIN_MS,
      handlerHangsMs: config.HANDLER_HANGS_MS,
      ...toConsumerLimits(config),
    },
    handler: createPersistPipeline({
      database,
      metrics,
      rules: toRules(config),
      maxRecords: config.PERSIST_MAX_RECORDS,
      maxWindows: config.PERSIST_MAX_WINDOWS,
      concurrency: config.PERSIST_CONCURRENCY,
      nowMs: Date.now,
      newId,
    }),
    haltStore,
    ...(crashMemory ? { crashMemory } : {}),
    onHalted: (reason) => say({ halted: reason }),
    onHanging: (reason) => say({ hanging: reason }),
    onTrouble: (reason) => say({ trouble: reason }),
    onDeadLetter: (topic, code) => metrics.countDeadLetter(topic, code),
  });
}

/** What a human must mend is said before what ends by itself. */
function sayHowPersistStands({ health }: ServiceContext) {
  let known: { halted?: string | undefined; hanging?: string | undefined; trouble?: string | undefined } = {};
  return (news: typeof known) => {
    known = { ...known, ...news };
    const { halted, hanging, trouble } = known;
    const mend = [halted, hanging].filter((each) => each !== undefined).join('; ');
    if (mend) health.set('persist', 'halted', mend);
    else health.set('persist', trouble === undefined ? 'running' : 'paused', trouble);
  };
}

/** The rules as the settings say them. */
export function toRules(config: PersisterConfig): DecisionRules {
  return {
    timing: {
      firstDelay: config.FIRST_ANALYSIS_DELAY_MS * 1000,
      nextDelay: config.NEXT_ANALYSIS_DELAY_MS * 1000,
    },
    regressionGrace: config.REGRESSION_GRACE_MS * 1000,
    maxNewIncidentsPerHour: config.NEW_INCIDENTS_PER_HOUR,
  };
}

function toHousekeepingRules(config: PersisterConfig): HousekeepingRules {
  return {
    resolveAfterMs: config.RESOLVE_AFTER_MS,
    closeAfterMs: config.CLOSE_AFTER_MS,
    regressionGraceMs: config.REGRESSION_GRACE_MS,
    removeAfterMs: config.REMOVE_AFTER_MS,
    countedRetentionMs: config.COUNTED_RETENTION_MS,
  };
}

/** Starts both loops, to be stopped before what they use; rejects when one of them cannot go on. */
async function startLoops({ config, context, database, producer, metrics }: Running, resources: Releasers) {
  const stopping = new AbortController();
  const watermark = new Watermark(
    createKafkaProgress(connectionOf(config, context), config.CLOCK_TOLERANCE_MS),
  );
  const sayHow = (stage: string) => (reason: string | undefined) =>
    context.health.set(stage, reason === undefined ? 'running' : 'paused', reason);
  const loops = Promise.all([
    loop(
      async () => {
        const now = Date.now() * 1000;
        const resultTimeout = config.ANALYSIS_RESULT_TIMEOUT_MS * 1000;
        metrics.countPublished(
          await sweepOutbox(database, { producer, now, resultTimeout, maxPublishes: 3 }),
        );
      },
      { intervalMs: config.SWEEP_INTERVAL_MS, signal: stopping.signal, onTrouble: sayHow('publish') },
    ),
    loop(
      async () => {
        await keepHouse(database, { watermark, metrics, nowMs: Date.now() }, toHousekeepingRules(config));
      },
      {
        intervalMs: config.HOUSEKEEPING_INTERVAL_MS,
        signal: stopping.signal,
        onTrouble: sayHow('housekeeping'),
      },
    ),
  ]);
  resources.add('the loops', stopping, async (each) => {
    each.abort();
    // What ended them has been told through `failed`.
    await Promise.allSettled([loops]);
  });
  await loops;
}
