import { availableParallelism } from 'node:os';
import type { AnalyzerConfig } from '../config.ts';

const mostByDefault = 4;

/** How many threads observe: as many as the settings say, or one for each core, at most 4. */
export function threadsOf({ OBSERVE_THREADS: asked }: Pick<AnalyzerConfig, 'OBSERVE_THREADS'>): number {
  return asked === 0 ? Math.min(mostByDefault, availableParallelism()) : asked;
}

/** The settings of one of several threads: what bounds the whole process is shared out evenly. */
export function shareBounds(config: AnalyzerConfig, threads: number): AnalyzerConfig {
  const share = (bound: number) => Math.ceil(bound / threads);
  const { maxOpenFailures, maxKeptChars } = config.allWindows;
  return {
    ...config,
    ANALYZER_STAGES: ['observe'],
    OBSERVE_THREADS: 1,
    CONTEXT_SIGNALS_MAX: share(config.CONTEXT_SIGNALS_MAX),
    allWindows: { maxOpenFailures: share(maxOpenFailures), maxKeptChars: share(maxKeptChars) },
  };
}
