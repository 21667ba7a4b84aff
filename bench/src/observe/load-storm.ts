import type { Codec, KafkaConnection } from '@prodsentinel/messaging';
import { RawProducer, type RawMessage } from '@prodsentinel/messaging';
import { storm } from './storm.ts';

/** Records of one request, so that generating and sending take turns. */
const recordsPerSend = 2_000;

/** Writes the storm to `failures`, keyed by trace id. @returns the bytes of its values */
export async function loadStorm(
  { connection, codec, records }: { connection: KafkaConnection; codec: Codec; records: number },
  signal: AbortSignal,
): Promise<number> {
  const producer = new RawProducer(connection);
  await producer.start(signal);
  await codec.prepare(['failures']);
  let bytes = 0;
  let batch: RawMessage[] = [];
  try {
    for (const value of storm(records)) {
      const encoded = codec.encode('failures', value);
      bytes += encoded.length;
      batch.push({ topic: 'failures', key: value.traceId, value: encoded });
      if (batch.length < recordsPerSend) continue;
      signal.throwIfAborted();
      await producer.sendRaw(batch);
      batch = [];
    }
    await producer.sendRaw(batch);
  } finally {
    await producer.stop();
  }
  return bytes;
}
