import { delay, describeError, isAppError, withDeadline, type AppError } from '@prodsentinel/kernel';
import type { KafkaConnection } from './kafka-client.ts';
import { findMissingTopics, missingTopicsError } from './topic-check.ts';

export interface TopicWatchOptions {
  readonly connection: KafkaConnection;
  readonly topics: readonly string[];
  /** Milliseconds between looks; each opens a connection. */
  readonly intervalMs: number;
  /** Told once, with the command that mends it. */
  readonly onMissing: (error: AppError) => void;
}

/** Milliseconds that stopping waits for a broker that hangs: what it would say is of no use any more. */
const lastLookMs = 2_000;

/**
 * Notices that a topic was deleted under a running consumer. kafkajs 2.2.4 does not end over it: it looks for the topic for
 * ever and reads nothing of its other topics meanwhile.
 */
export class TopicWatch {
  readonly #options: TopicWatchOptions;
  readonly #stopping = new AbortController();
  #watching: Promise<void> = Promise.resolve();

  constructor(options: TopicWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#watching = this.#watch();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    try {
      await withDeadline('the last look at the topics', lastLookMs, this.#watching);
    } catch (error) {
      this.#options.connection.logger.debug({ event: 'topics_unknown' }, describeError(error));
    }
  }

  async #watch(): Promise<void> {
    const { connection, topics, intervalMs, onMissing } = this.#options;
    let missingBefore: readonly string[] = [];
    while (!this.#stopping.signal.aborted) {
      try {
        await delay(intervalMs, this.#stopping.signal);
        const missing = await findMissingTopics(connection, topics);
        // Twice: one that is made anew at once may be missing for a moment.
        const isGone = missing.some((each) => missingBefore.includes(each));
        if (isGone && !this.#stopping.signal.aborted) return onMissing(missingTopicsError(missing));
        missingBefore = missing;
      } catch (error) {
        if (isAppError(error) && error.code === 'aborted') return;
        connection.logger.debug({ event: 'topics_unknown' }, describeError(error));
      }
    }
  }
}
