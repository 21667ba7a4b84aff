/** What the client does in one run; goes to its process as JSON. */
export interface LoadJob {
  readonly url: string;
  readonly connections: number;
  /** Failures in one request. */
  readonly itemsPerRequest: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly refused: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What a server of the bench needs to know. */
export interface FloorEnv {
  readonly BENCH_BROKERS: string;
  readonly BENCH_TOPIC: string;
}
