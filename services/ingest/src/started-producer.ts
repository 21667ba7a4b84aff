import { AppError } from '@prodsentinel/kernel';
import type { Producer } from '@prodsentinel/messaging';

/** A producer that refuses as `unavailable` until its start is over: ingest listens before Kafka has been reached. */
export function refuseUntilStarted(producer: Producer): Producer {
  let isStarted = false;
  return {
    async start(signal) {
      await producer.start(signal);
      isStarted = true;
    },
    send(records) {
      if (isStarted) return producer.send(records);
      return Promise.reject(new AppError('unavailable', 'Kafka has not been reached yet'));
    },
    get isReachable() {
      return isStarted && producer.isReachable;
    },
    stop: () => producer.stop(),
  };
}
