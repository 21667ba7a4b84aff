import type { Topic } from '@prodsentinel/contracts';
import type { MessagingLogger } from './kafka-client.ts';
import type { BatchHandler, RecordHandler } from './port.ts';

/** What a handler is at, as far as the watchdog names it. */
export interface WatchedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export interface HandlerWatchdogOptions {
  readonly groupId: string;
  /** Milliseconds after which a handler counts as hanging. */
  readonly limitMs: number;
  readonly logger: MessagingLogger;
  /** Milliseconds that only grow. */
  readonly now: () => number;
  /** Told of each handler once, when it is found hanging. */
  readonly onHanging: () => void;
  /** Told what hangs and what to do, or undefined when nothing does, whenever that changes. */
  readonly onChange?: (reason: string | undefined) => void;
}

interface Watch {
  readonly records: readonly WatchedRecord[];
  readonly sinceMs: number;
  isHanging: boolean;
}

/** A batch may be of thousands; the first few and the count say where to look. */
const maxNamed = 20;
const maxIntervalMs = 1_000;

/**
 * Names handlers that do not end. It ends none: what a handler has begun cannot be taken back, and its record stays open
 * until the process is stopped, which does not wait for it beyond the drain limit.
 */
export class HandlerWatchdog {
  readonly #options: HandlerWatchdogOptions;
  readonly #watches = new Set<Watch>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HandlerWatchdogOptions) {
    this.#options = options;
  }

  /** Looks by itself from now on. */
  start(): void {
    this.#timer ??= setInterval(() => this.look(), Math.min(maxIntervalMs, this.#options.limitMs));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async watch<T>(records: readonly WatchedRecord[], work: Promise<T>): Promise<T> {
    const watch: Watch = { records, sinceMs: this.#options.now(), isHanging: false };
    this.#watches.add(watch);
    try {
      return await work;
    } finally {
      this.#watches.delete(watch);
      if (watch.isHanging) {
        this.#say('handler_ended', watch, 'a handler that was hanging has ended');
        this.#options.onChange?.(this.#describe());
      }
    }
  }

  /** Handlers beyond the limit now. */
  get hangingCount(): number {
    const beforeMs = this.#options.now() - this.#options.limitMs;
    return [...this.#watches].filter(({ sinceMs }) => sinceMs <= beforeMs).length;
  }

  /** Says each handler that is beyond the limit, once; to be called now and then. */
  look(): void {
    const { limitMs, now, onHanging, onChange } = this.#options;
    for (const watch of this.#watches) {
      if (watch.isHanging || now() - watch.sinceMs < limitMs) continue;
      watch.isHanging = true;
      onHanging();
      this.#say('handler_hangs', watch, `a handler has not ended within ${limitMs} ms`);
      onChange?.(this.#describe());
    }
  }

  #describe(): string | undefined {
    const hanging = [...this.#watches].filter(({ isHanging }) => isHanging);
    const [first] = hanging.flatMap(({ records }) => records);
    if (!first) return undefined;
    const { topic, partition, offset } = first;
    const others = hanging.length > 1 ? ` and ${hanging.length - 1} more` : '';
    return `the handler of ${topic}/${partition}@${offset}${others} has not ended within ${this.#options.limitMs} ms: if it never does, restart this process`;
  }

  #say(event: string, { records, sinceMs }: Watch, message: string): void {
    const { groupId, logger, now } = this.#options;
    const offsets = records
      .slice(0, maxNamed)
      .map(({ topic, partition, offset }) => `${topic}/${partition}@${offset}`);
    logger.error(
      { event, groupId, offsets, records: records.length, forMs: Math.round(now() - sinceMs) },
      message,
    );
  }
}

/** The handler with each of its calls watched. */
export function watchedHandler<T extends Topic>(
  handler: RecordHandler<T> | BatchHandler<T>,
  watchdog: HandlerWatchdog,
): RecordHandler<T> | BatchHandler<T> {
  if (handler.mode === 'record') {
    const watched: RecordHandler<T>['handle'] = (record, signal) =>
      watchdog.watch([record], handler.handle(record, signal));
    return { ...handler, handle: watched };
  }
  const watched: BatchHandler<T>['handle'] = (records, signal) =>
    watchdog.watch(records, handler.handle(records, signal));
  return { ...handler, handle: watched };
}
