import type { KafkaConnection } from '@prodsentinel/messaging';

/** A connection that says only what a bench must know: warnings and errors, on standard error. */
export function toConnection(place: {
  readonly brokers: readonly string[];
  readonly topicPrefix: string;
}): KafkaConnection {
  return {
    brokers: place.brokers,
    topicPrefix: place.topicPrefix,
    clientId: 'bench',
    logger: { debug() {}, info() {}, warn: say, error: say },
  };
}

function say(_fields: object, message: string): void {
  process.stderr.write(`kafka: ${message}\n`);
}
