import type { Worker } from 'node:worker_threads';
import { AppError, describeError } from '@prodsentinel/kernel';
import { fromPlainError, type FromThread, type ThreadCall, type ToThread } from './thread-messages.ts';

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: AppError) => void;
}

/** What a thread says by itself. */
export type ThreadWord = Exclude<FromThread, { kind: 'answer' | 'refusal' }>;

/** Calls to a thread and what it says. A thread that ends answers nothing any more: whoever waits for it is told. */
export class ThreadLink {
  /** Resolves when the thread is gone, with what ended it. */
  readonly ended: Promise<AppError>;
  readonly #name: string;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #end: AppError | undefined;

  constructor(name: string, worker: Worker, onWord: (word: ThreadWord) => void) {
    this.#name = name;
    this.#worker = worker;
    worker.on('message', (message: FromThread) => {
      if (message.kind === 'answer') this.#settle(message.id, ({ resolve }) => resolve(message.value));
      else if (message.kind === 'refusal')
        this.#settle(message.id, ({ reject }) => reject(fromPlainError(message.error)));
      else onWord(message);
    });
    const { promise, resolve } = Promise.withResolvers<AppError>();
    this.ended = promise;
    worker.on('error', (error: unknown) => {
      this.#end = new AppError('bug', `${name} ended: ${describeError(error)}`, { cause: error });
    });
    worker.on('exit', (code) => {
      this.#end ??= new AppError('bug', `${name} ended with code ${code}`);
      for (const id of this.#waiting.keys()) this.#settle(id, ({ reject }) => reject(this.#gone()));
      resolve(this.#end);
    });
  }

  get isGone(): boolean {
    return this.#end !== undefined;
  }

  /** @throws AppError what the thread answers with, or `bug` when it ends without an answer */
  call(call: ThreadCall): Promise<unknown> {
    if (this.isGone) return Promise.reject(this.#gone());
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.tell({ kind: 'call', id, call });
    });
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

  #settle(id: number, how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    how(waiting);
  }
}
