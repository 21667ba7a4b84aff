import { Redis } from 'ioredis';

export interface LeaseWatch {
  /** In order: `set` and `del`, `expired`, and `expire` when it is given a time (anew). */
  readonly happened: readonly string[];
  leftMs(): Promise<number>;
  close(): void;
}

/** What happens to the lease of a request, as Redis itself tells it. */
export async function watchLease(requestId: string): Promise<LeaseWatch> {
  const key = `ps:{req:${requestId}}:lease`;
  const redis = new Redis(process.env['REDIS_URL']!);
  const watcher = redis.duplicate();
  const happened: string[] = [];
  await redis.config('SET', 'notify-keyspace-events', 'Kg$x');
  watcher.on('pmessage', (_pattern, _channel, event: string) => happened.push(event));
  await watcher.psubscribe(`__keyspace@*__:${key}`);
  return {
    happened,
    leftMs: () => redis.pttl(key),
    close() {
      redis.disconnect();
      watcher.disconnect();
    },
  };
}
