import type { Redis } from 'ioredis';
import type { Place } from '../tools/failure-topic.ts';

export interface ConsumeJob {
  readonly place: Place;
  readonly groupId: string;
  /** Records until the clock starts: joining and compiling are not what is measured. */
  readonly warmUpRecords: number;
  /** Records that are measured. */
  readonly records: number;
}

const claimMs = 60_000;

/** One `SET NX` a record, one pipeline for all: the work that both contenders do. */
export async function claimAll(redis: Redis, keys: readonly string[]): Promise<void> {
  const pipeline = redis.pipeline();
  for (const key of keys) pipeline.set(key, '1', 'PX', claimMs, 'NX');
  const replies = await pipeline.exec();
  const failed = replies?.find(([error]) => error);
  if (failed?.[0]) throw failed[0];
}
