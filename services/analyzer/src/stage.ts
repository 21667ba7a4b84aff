import type { Codec, CrashMemory, HaltStore, KafkaConnection } from '@prodsentinel/messaging';
import type { ServiceContext } from '@prodsentinel/process';
import type { RedisConnection } from './adapters/redis.ts';
import type { AnalyzerConfig } from './config.ts';

/** One of the analyzer's pipelines: a consumer group of its own, beside the others in one process or alone. */
export interface Stage {
  readonly name: string;
  readonly failed: Promise<never>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Told why Redis is away, or undefined when it is there. */
  redisAvailable(reason: string | undefined): void;
}

export interface StageDependencies {
  readonly config: AnalyzerConfig;
  readonly context: ServiceContext;
  readonly connection: KafkaConnection;
  readonly codec: Codec;
  readonly redis: RedisConnection;
  readonly haltStore: HaltStore;
  readonly crashMemory: CrashMemory;
}
