import type { Topic } from '@prodsentinel/contracts';
import { BatchWorker } from './batch-worker.ts';
import { LanesWorker } from './lanes-worker.ts';
import type { BatchHandler, RecordHandler } from './port.ts';
import { RecordWorker } from './record-worker.ts';
import type { WorkContext } from './work.ts';
import type { Worker } from './worker.ts';

/** The way of working that a handler asks for. */
export function createWorker<T extends Topic>(
  context: WorkContext,
  handler: RecordHandler<T> | BatchHandler<T>,
): Worker {
  if (handler.mode === 'record') return new RecordWorker(context, handler);
  const createLane = (ofLane: WorkContext) => new BatchWorker(ofLane, handler);
  return new LanesWorker(handler.concurrency ?? 1, context, createLane);
}
