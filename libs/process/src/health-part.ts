import type { Registry } from 'prom-client';

/** Metrics with their values, as a registry writes them for others to sum up. */
export type MetricsJson = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** A part of the process with an event loop and metrics of its own, as a worker thread has. */
export interface HealthPart {
  /** What a human calls it. */
  readonly name: string;
  /** Resolves when its loop has turned. */
  turns(): Promise<void>;
  readMetrics(): Promise<MetricsJson>;
}
