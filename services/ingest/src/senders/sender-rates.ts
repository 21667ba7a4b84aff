import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Redis } from 'ioredis';
import type { Sender } from './token-file.ts';

/**
 * Bounds the requests of each source, over all processes: counted a second at a time, in Redis, with one command each.
 * While Redis is away each process counts alone, so that the bound is the rate times the processes: letting nobody in
 * would make Redis a thing that accepting failures depends on.
 */
export class SenderRates {
  readonly #redis: Redis;
  readonly #keyPrefix: string;
  readonly #limiters = new Map<number, RateLimiterRedis>();

  /** @param topicPrefix separates several systems on one Redis */
  constructor(redis: Redis, topicPrefix: string) {
    this.#redis = redis;
    this.#keyPrefix = `${topicPrefix}ingest-rate`;
  }

  /** Connects, unless it has; does not wait for it. Called once a rate is known. */
  connect(): void {
    if (this.#redis.status !== 'wait') return;
    // What goes wrong is said by the connection, which keeps trying.
    this.#redis.connect().catch(() => undefined);
  }

  /** Whether all processes count together: always, while no source has a rate. */
  get isShared(): boolean {
    return this.#redis.status === 'wait' || this.#redis.status === 'ready';
  }

  close(): void {
    this.#redis.disconnect();
  }

  /** Counts a request; returns the milliseconds to wait when it is one too many, else undefined. */
  async take({ name, requestsPerSecond }: Sender): Promise<number | undefined> {
    if (requestsPerSecond === undefined) return undefined;
    try {
      await this.#limiterOf(requestsPerSecond).consume(name);
      return undefined;
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) return refusal.msBeforeNext;
      throw refusal;
    }
  }

  #limiterOf(points: number): RateLimiterRedis {
    const known = this.#limiters.get(points);
    if (known) return known;
    const [keyPrefix, duration] = [this.#keyPrefix, 1];
    const created = new RateLimiterRedis({
      storeClient: this.#redis,
      keyPrefix,
      points,
      duration,
      rejectIfRedisNotReady: true,
      insuranceLimiter: new RateLimiterMemory({ keyPrefix, points, duration }),
    });
    this.#limiters.set(points, created);
    return created;
  }
}
