import type { ConsumerOptions } from '@prodsentinel/messaging';
import { toConsumerLimits } from '@prodsentinel/process';
import type { StageDependencies } from './stage.ts';
import type { StageHealthReport } from './stage-health-report.ts';

/** What the consumers of both stages have in common. */
export function stageConsumerOptions(
  { config, haltStore, crashMemory }: StageDependencies,
  report: StageHealthReport,
): Pick<
  ConsumerOptions<never>,
  'limits' | 'haltStore' | 'crashMemory' | 'redriveKey' | 'onHalted' | 'onHanging'
> {
  return {
    limits: {
      sessionTimeoutMs: config.SESSION_TIMEOUT_MS,
      drainMs: config.DRAIN_MS,
      handlerHangsMs: config.HANDLER_HANGS_MS,
      ...toConsumerLimits(config),
    },
    haltStore,
    crashMemory,
    redriveKey: config.PRODSENTINEL_REDRIVE_KEY,
    onHalted: (reason) => report.halt('partitions', reason),
    onHanging: (reason) => report.halt('handlers', reason),
  };
}
