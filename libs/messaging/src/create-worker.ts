import type { Topic } from '@prodsentinel/contracts';
import { BatchWorker } from './batch-worker.ts';
import { LanesWorker } from './lanes-worker.ts';
import { behindGate, type HandlerGate } from './handler-gate.ts';
import { watchedHandler, type HandlerWatchdog } from './handler-watchdog.ts';
import type { BatchHandler, Position, RecordHandler } from './port.ts';
import { RecordWorker } from './record-worker.ts';
import type { WorkContext } from './work.ts';
import type { Worker } from './worker.ts';

/** What every call of a handler passes. */
export interface Passages {
  readonly gate: HandlerGate;
  readonly watchdog: HandlerWatchdog;
  readonly isOurs: (position: Position) => boolean;
}

/** The way of working that a handler asks for. It is watched behind the gate: who waits there does not hang. */
export function createWorker<T extends Topic>(
  context: WorkContext,
  asked: RecordHandler<T> | BatchHandler<T>,
  { gate, watchdog, isOurs }: Passages,
): Worker {
  const handler = behindGate(watchedHandler(asked, watchdog), gate, isOurs);
  if (handler.mode === 'record') return new RecordWorker(context, handler);
  const createLane = (ofLane: WorkContext) => new BatchWorker(ofLane, handler);
  return new LanesWorker(handler.concurrency ?? 1, context, createLane);
}
