import { randomUUID } from 'node:crypto';
import { emptyRecord, type FailureSignal } from '@prodsentinel/contracts';
import type { Stack } from '@prodsentinel/local-stack';
import {
  createCodec,
  RawProducer,
  setUp,
  type Codec,
  type KafkaConnection,
  type RawMessage,
} from '@prodsentinel/messaging';
import { toConnection } from './connection.ts';

/** Where the servers are and which topics are meant; goes to contenders as JSON. */
export interface Place {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly redisUrl: string;
  readonly topicPrefix: string;
}

const partitions = 12;
const keys = 1_000;
/** Makes a record of about 0.9 KB on the wire, as measured failures have. */
const messageCharacters = 720;
const fillBatchRecords = 2_000;

/** Topics and schemas of this bench alone. */
export async function setUpPlace(stack: Stack, signal: AbortSignal): Promise<Place> {
  const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL, REDIS_URL } = stack.env;
  const place: Place = {
    brokers: KAFKA_BROKERS.split(','),
    registryUrl: SCHEMA_REGISTRY_URL,
    redisUrl: REDIS_URL,
    topicPrefix: `bench-${randomUUID()}-`,
  };
  signal.throwIfAborted();
  await setUp({
    connection: toConnection(place),
    registryUrl: place.registryUrl,
    partitions,
    replicationFactor: 1,
  });
  return place;
}

/** The `number`th failure: its key one of 1,000, its id its own. */
export function toFailureMessage(codec: Codec, number: number): RawMessage {
  const value: FailureSignal = {
    ...emptyRecord('failures'),
    signalId: `signal-${number}`,
    message: 'x'.repeat(messageCharacters),
    severityNumber: 17,
    service: `service-${number % 20}`,
    traceId: (number % keys).toString(16).padStart(32, '0'),
  };
  return { topic: 'failures', key: `key-${number % keys}`, value: codec.encode('failures', value) };
}

/** Writes so many failures to the place's `failures` topic. */
export async function fillFailures(place: Place, records: number, signal: AbortSignal): Promise<void> {
  const connection: KafkaConnection = toConnection(place);
  const codec = createCodec(place.registryUrl, place.topicPrefix);
  await codec.prepare(['failures']);
  const producer = new RawProducer(connection);
  await producer.start(signal);
  try {
    for (let from = 0; from < records; from += fillBatchRecords) {
      signal.throwIfAborted();
      const length = Math.min(fillBatchRecords, records - from);
      await producer.sendRaw(Array.from({ length }, (_, index) => toFailureMessage(codec, from + index)));
    }
  } finally {
    await producer.stop();
  }
}
