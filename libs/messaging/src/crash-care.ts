import { CarefulWorker } from './careful-worker.ts';
import { CrashMarks } from './crash-marks.ts';
import type { ConsumerOptions } from './consumer-options.ts';
import { clusterName } from './kafka-client.ts';
import type { WorkContext } from './work.ts';
import type { Worker } from './worker.ts';

/** What one consumer does so that a record that ends the process is found: it marks, and tries alone. */
export interface CrashCare {
  readonly marks: CrashMarks;
  readonly worker: CarefulWorker;
}

/** Undefined for a consumer without a memory of crashes. */
export function createCrashCare(
  {
    crashMemory,
    connection,
    groupId,
  }: Pick<ConsumerOptions<never>, 'crashMemory' | 'connection' | 'groupId'>,
  worker: Worker,
  context: WorkContext,
): CrashCare | undefined {
  if (!crashMemory) return undefined;
  const marks = new CrashMarks({
    memory: crashMemory,
    group: clusterName(connection, groupId),
    logger: context.logger,
    nowMs: context.now,
  });
  return { marks, worker: new CarefulWorker(worker, { memory: crashMemory, marks, context }) };
}
