import type { Worker } from 'node:worker_threads';
import { AppError, describeError } from '@prodsentinel/kernel';
import { fromPlainError, type FromThread, type ThreadCall, type ToThread } from './thread-messages.ts';

type Waiting = ReturnType<typeof Promise.withResolvers<unknown>>;

/** What a thread says by itself. */
export type ThreadWord = Exclude<FromThread, { kind: 'answer' | 'refusal' }>;

/**
 * Calls to a thread and what it says. While it has not answered it is not asked for the same again, so that nothing gathers
 * in front of one that hangs. A thread that ends answers nothing any more: whoever waits for it is told.
 */
export class ThreadLink {
  /** Resolves when the thread is gone, with what ended it. */
  readonly ended: Promise<AppError>;
  readonly #name: string;
  readonly #worker: Worker;
  readonly #waiting = new Map<ThreadCall, Waiting>();
  #end: AppError | undefined;

  constructor(name: string, worker: Worker, onWord: (word: ThreadWord) => void) {
    this.#name = name;
    this.#worker = worker;
    worker.on('message', (message: FromThread) => {
      if (message.kind === 'answer') this.#settle(message.call, ({ resolve }) => resolve(message.value));
      else if (message.kind === 'refusal')
        this.#settle(message.call, ({ reject }) => reject(fromPlainError(message.error)));
      else onWord(message);
    });
    const { promise, resolve } = Promise.withResolvers<AppError>();
    this.ended = promise;
    worker.on('error', (error: unknown) => {
      this.#end = new AppError('bug', `${name} ended: ${describeError(error)}`, { cause: error });
    });
    worker.on('exit', (code) => {
      this.#end ??= new AppError('bug', `${name} ended with code ${code}`);
      for (const call of this.#waiting.keys()) this.#settle(call, ({ reject }) => reject(this.#gone()));
      resolve(this.#end);
    });
  }

  get isGone(): boolean {
    return this.#end !== undefined;
  }

  /** @throws AppError what the thread answers with, or `bug` when it ends without an answer */
  call(call: ThreadCall): Promise<unknown> {
    if (this.isGone) return Promise.reject(this.#gone());
    const asked = this.#waiting.get(call);
    if (asked) return asked.promise;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(call, waiting);
    this.tell({ kind: 'call', call });
    return waiting.promise;
  }

  tell(message: ToThread): void {
    this.#worker.postMessage(message, []);
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #gone(): AppError {
    return this.#end ?? new AppError('bug', `${this.#name} is gone`);
  }

  #settle(call: ThreadCall, how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(call);
    if (!waiting) return;
    this.#waiting.delete(call);
    how(waiting);
  }
}
