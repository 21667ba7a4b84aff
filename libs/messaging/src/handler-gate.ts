import type { Topic } from '@prodsentinel/contracts';
import { AppError } from '@prodsentinel/kernel';
import { done, type BatchHandler, type Outcome, type Position, type RecordHandler } from './port.ts';

/** Every call of a handler passes it: closed, the calls at work end and none begins. */
export class HandlerGate {
  #running = 0;
  #closed: PromiseWithResolvers<void> | undefined;
  #onIdle: (() => void) | undefined;

  close(): void {
    this.#closed ??= Promise.withResolvers();
  }

  open(): void {
    this.#closed?.resolve();
    this.#closed = undefined;
  }

  /** Resolves when no call is at work; only the last caller is answered. */
  whenIdle(): Promise<void> {
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => (this.#onIdle = resolve));
  }

  async pass<T>(work: () => Promise<T>): Promise<T> {
    while (this.#closed) await this.#closed.promise;
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      if (this.#running === 0) this.#onIdle?.();
    }
  }
}

/** The handler behind the gate. What was lost while it waited there is not handled: somebody else has it now. */
export function behindGate<T extends Topic>(
  handler: RecordHandler<T> | BatchHandler<T>,
  gate: HandlerGate,
  isOurs: (position: Position) => boolean,
): RecordHandler<T> | BatchHandler<T> {
  if (handler.mode === 'record') {
    const gated: RecordHandler<T>['handle'] = (record, signal) =>
      gate.pass(() => {
        if (!isOurs(record)) throw new AppError('aborted', 'the partition was lost');
        return handler.handle(record, signal);
      });
    return { ...handler, handle: gated };
  }
  const gated: BatchHandler<T>['handle'] = (records, signal) =>
    gate.pass(async () => {
      if (records.every(isOurs)) return handler.handle(records, signal);
      const ours = records.filter(isOurs);
      const outcomes = ours.length > 0 ? await handler.handle(ours, signal) : [];
      if (outcomes.length !== ours.length)
        throw new AppError(
          'bug',
          `the handler answered ${outcomes.length} outcomes for ${ours.length} records`,
        );
      const byRecord = new Map(ours.map((record, index) => [record, outcomes[index]]));
      // The outcome of a record that was lost moves nothing.
      return records.map((record): Outcome => byRecord.get(record) ?? done);
    });
  return { ...handler, handle: gated };
}
