import { describeError, withDeadline } from '@prodsentinel/kernel';
import type { Admin } from 'kafkajs';
import { createKafkaClient, type KafkaConnection } from './kafka-client.ts';

export interface IdleCheckOptions {
  readonly everyMs: number;
  /** Whether nothing is on its way: what is being sent finds out by itself. */
  readonly isIdle: () => boolean;
  /** Kafka does not answer, and still nothing is on its way. */
  readonly onGone: (error: unknown) => void;
}

/** Milliseconds for one question; a broker that is stopped keeps its connections open. */
const answerDeadlineMs = 5_000;

/**
 * Asks Kafka now and then, while nothing is sent, whether it is there: kafkajs does not say when the connection of a
 * producer ends, and nobody would notice before the next send. It asks on a connection of its own, because only one
 * request may be outstanding on that of the producer.
 */
export class IdleCheck {
  readonly #connection: KafkaConnection;
  readonly #options: IdleCheckOptions;
  readonly #timer: NodeJS.Timeout;
  #admin: Admin | undefined;
  #look: Promise<void> | undefined;

  constructor(connection: KafkaConnection, options: IdleCheckOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#timer = setInterval(() => {
      if (options.isIdle()) this.#look ??= this.#ask().finally(() => (this.#look = undefined));
    }, options.everyMs).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#look;
    await this.#close();
  }

  async #ask(): Promise<void> {
    try {
      await withDeadline('Kafka', answerDeadlineMs, this.#describe());
    } catch (error) {
      if (this.#options.isIdle()) this.#options.onGone(error);
      await this.#close();
    }
  }

  async #describe(): Promise<void> {
    if (!this.#admin) {
      const client = createKafkaClient(this.#connection, { retries: 1, initialRetryTime: 100 });
      this.#admin = client.admin();
      await this.#admin.connect();
    }
    await this.#admin.describeCluster();
  }

  async #close(): Promise<void> {
    const admin = this.#admin;
    this.#admin = undefined;
    try {
      await withDeadline('disconnecting', answerDeadlineMs, admin?.disconnect() ?? Promise.resolve());
    } catch (error) {
      this.#connection.logger.debug({ event: 'disconnect_failed' }, describeError(error));
    }
  }
}
