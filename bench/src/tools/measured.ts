/** What one contender did in one run. */
export interface Measured {
  readonly records: number;
  /** Wall-clock from the first record to the last, start-up and last wait apart. */
  readonly seconds: number;
  /** User and system time of the process within those seconds. */
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
  /** Further figures, by name with unit (`redisRoundTrips`). */
  readonly figures?: Readonly<Record<string, number>>;
}

/** Starts counting now; `stop` says what this process used since. */
export function startMeter(): { stop(records: number, figures?: Measured['figures']): Measured } {
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  return {
    stop(records, figures) {
      const { user, system } = process.cpuUsage(cpuBefore);
      return {
        records,
        seconds: (performance.now() - startedAt) / 1000,
        cpuSeconds: (user + system) / 1e6,
        peakRssBytes: process.resourceUsage().maxRSS * 1024,
        ...(figures && { figures }),
      };
    },
  };
}
