import { AppError, describeError } from '@prodsentinel/kernel';
import {
  createCrashMemory,
  createRedisCrashStore,
  createRedisHaltStore,
  openCodec,
  type ProcessCrashes,
} from '@prodsentinel/messaging';
import type { Service, ServiceContext } from '@prodsentinel/process';
import { connectRedis, type RedisConnection } from './adapters/redis.ts';
import { stageNames, type AnalyzerConfig, type StageName } from './config.ts';
import { createDiagnoseStage } from './diagnose/diagnose-stage.ts';
import { createObserveStage } from './observe/observe-stage.ts';
import type { Stage, StageDependencies } from './stage.ts';
import { createObserveThreads } from './threads/observe-threads.ts';
import { threadsOf } from './threads/share-bounds.ts';

/** How each stage is made. */
export type StageFactories = Readonly<Record<StageName, (dependencies: StageDependencies) => Stage>>;

export interface AnalyzerOptions {
  /** Stages to make in another way than they are made in production. */
  readonly factories?: Partial<StageFactories>;
  /** What this analyzer has in common with others of its process; by default it is alone. */
  readonly crashes?: ProcessCrashes;
}

/** The analyzer's composition root: one Redis connection, and the stages that the settings ask for. */
export function createAnalyzer(
  config: AnalyzerConfig,
  context: ServiceContext,
  { factories, crashes }: AnalyzerOptions = {},
): Service {
  const { logger } = context;
  const create: StageFactories = {
    observe: threadsOf(config) === 1 ? createObserveStage : createObserveThreads,
    diagnose: createDiagnoseStage,
    ...factories,
  };
  const misconfigured = Promise.withResolvers<never>();
  misconfigured.promise.catch(() => undefined);
  const stages: Stage[] = [];
  const redis = connectRedis({
    url: config.REDIS_URL,
    isCluster: config.REDIS_CLUSTER,
    logger,
    onAvailability: (reason) => {
      for (const stage of stages) stage.redisAvailable(reason);
    },
    onMisconfigured: (error) => misconfigured.reject(error),
  });
  const dependencies = toDependencies(config, context, { redis, crashes });
  for (const name of stageNames)
    if (config.ANALYZER_STAGES.includes(name)) stages.push(create[name](dependencies));

  return {
    failed: Promise.race([misconfigured.promise, ...stages.map(({ failed }) => failed)]),
    async start() {
      // Not waited for: without Redis the stages go on, degraded, and it comes back by itself.
      redis.connect().catch((error: unknown) => logger.debug({ err: error }, describeError(error)));
      await Promise.all(stages.map((stage) => stage.start()));
    },
    async stop() {
      const results = await Promise.allSettled(stages.map((stage) => stage.stop()));
      redis.disconnect();
      throwFailures(results);
    },
  };
}

function throwFailures(results: readonly PromiseSettledResult<void>[]): void {
  const failures = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  );
  if (failures.length === 0) return;
  const told = failures.map((each) => describeError(each)).join('; ');
  throw new AppError('bug', `stopping: ${told}`, { cause: failures[0] });
}

function toDependencies(
  config: AnalyzerConfig,
  context: ServiceContext,
  { redis, crashes }: { redis: RedisConnection; crashes: ProcessCrashes | undefined },
): StageDependencies {
  const { logger, health } = context;
  return {
    config,
    context,
    connection: {
      brokers: config.KAFKA_BROKERS,
      topicPrefix: config.KAFKA_TOPIC_PREFIX,
      security: config.kafkaSecurity,
      clientId: 'prodsentinel-analyzer',
      logger,
      metrics: health.metrics,
    },
    codec: openCodec(config, logger),
    redis,
    haltStore: createRedisHaltStore(redis),
    crashMemory: createCrashMemory(createRedisCrashStore(redis), config.RECORD_CRASHES_MAX, crashes),
  };
}
