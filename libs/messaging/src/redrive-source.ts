import { createHmac, timingSafeEqual } from 'node:crypto';
import type { HeaderValue } from './raw-producer.ts';

/** Where Kafka first held a record. */
export interface RecordSource {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since 1970; the append time where the topic is LogAppendTime. */
  readonly timestampMs: number;
}

/** What a redrive adds to a record. They survive a further failure, unlike the reason of it. */
export const redriveHeaders = {
  /** How often it was redriven. */
  count: 'prodsentinel.redrive.count',
  /** `TOPIC/PARTITION/APPEND_MS/OFFSET`. */
  source: 'prodsentinel.redrive.source',
  /** Says that the source is ours: an HMAC over it and the value. */
  signature: 'prodsentinel.redrive.signature',
} as const;

/** Any record may claim to come from somewhere: only a key tells a redrive of ours from that. */
export function signedSource(
  source: RecordSource,
  value: Buffer | null,
  key: string,
): Record<string, string> {
  const text = toText(source);
  return {
    [redriveHeaders.source]: text,
    [redriveHeaders.signature]: sign(text, value, key).toString('hex'),
  };
}

/** The source that a record says it has, if our key says so too; undefined for every other record. */
export function readSignedSource(
  headers: Readonly<Record<string, HeaderValue>>,
  value: Buffer | null,
  key: string | undefined,
): RecordSource | undefined {
  const text = lastText(headers[redriveHeaders.source]);
  if (text === undefined || key === undefined) return undefined;
  const signature = Buffer.from(lastText(headers[redriveHeaders.signature]) ?? '', 'hex');
  const expected = sign(text, value, key);
  if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) return undefined;
  return fromText(text);
}

/** The last value of a header, as text; kafkajs has null, whatever its types say, where there is none. */
export function lastText(value: HeaderValue): string | undefined {
  const last = Array.isArray(value) ? value.at(-1) : value;
  return last?.toString();
}

function sign(text: string, value: Buffer | null, key: string): Buffer {
  // The text holds no line break, so that none of the value can be taken for a part of it.
  const hmac = createHmac('sha256', key).update(`${text}\n${value === null ? 'absent' : 'present'}\n`);
  return hmac.update(value ?? Buffer.alloc(0)).digest();
}

function toText({ topic, partition, timestampMs, offset }: RecordSource): string {
  return `${topic}/${partition}/${timestampMs}/${offset}`;
}

function fromText(text: string): RecordSource | undefined {
  const parts = /^([^/\s]+)\/(\d{1,10})\/(\d{1,15})\/(\d{1,15})$/.exec(text);
  if (!parts) return undefined;
  const [, topic = '', partition, timestampMs, offset] = parts;
  return { topic, partition: Number(partition), timestampMs: Number(timestampMs), offset: Number(offset) };
}
