import { redactSecrets } from '@prodsentinel/analyzer/redact-secrets';
import { deadLetterTopicOf, type Topic } from '@prodsentinel/contracts';
import { describeError } from '@prodsentinel/kernel';
import type { Codec, StoredDeadLetter } from '@prodsentinel/messaging';

/** One dead letter as it is shown. */
export interface LetterView extends Omit<StoredDeadLetter, 'record'> {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Of the value; null when there is none. */
  readonly bytes: number | null;
  /** What it holds: decoded, else as text, when it is one. */
  readonly value: unknown;
  /** Why the value is not decoded. */
  readonly notDecoded: string | undefined;
}

export interface Viewing {
  readonly topic: Topic;
  readonly codec: Pick<Codec, 'decode'>;
  /** Secrets stay. */
  readonly isUnredacted: boolean;
}

/** Takes a text that belongs to a name, which may say that it is a secret. */
type Clean = (text: string, name?: string) => string;

/** Decodes what a dead letter holds and, unless told otherwise, takes out the secrets that are recognised. */
export async function viewLetter(
  { record, ...letter }: StoredDeadLetter,
  { topic, codec, isUnredacted }: Viewing,
): Promise<LetterView> {
  const clean: Clean = isUnredacted ? (text) => text : withoutSecrets;
  const { partition, offset, key, value, headers } = record;
  return {
    topic: deadLetterTopicOf(topic),
    partition,
    offset,
    ...letter,
    reason: clean(letter.reason),
    key: key && clean(key.toString('utf8')),
    headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, clean(text, name)])),
    bytes: value?.length ?? null,
    ...(await readValue(value, { isBatch: letter.batchLastOffset !== undefined, topic, codec, clean })),
  };
}

type Read = Pick<LetterView, 'value' | 'notDecoded'>;

async function readValue(
  value: Buffer | null,
  { isBatch, topic, codec, clean }: { isBatch: boolean; clean: Clean } & Omit<Viewing, 'isUnredacted'>,
): Promise<Read> {
  if (value === null) return { value: null, notDecoded: undefined };
  if (isBatch) return { value: undefined, notDecoded: 'it is a whole record batch, which is not unpacked' };
  try {
    const decoded: unknown = await codec.decode(topic, value);
    return { value: cleanValue(decoded, clean), notDecoded: undefined };
  } catch (error) {
    return { value: textOf(value, clean), notDecoded: describeError(error) };
  }
}

/** Bytes that are no text are not shown: what is secret in them could not be told. */
function textOf(value: Buffer, clean: Clean): string | undefined {
  const text = value.toString('utf8');
  const isText = value[0] !== 0 && !text.includes('\uFFFD');
  return isText ? clean(text) : undefined;
}

function cleanValue(value: unknown, clean: Clean, name?: string): unknown {
  if (typeof value === 'string') return clean(value, name);
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map((each) => cleanValue(each, clean, name));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([each, inner]) => [each, cleanValue(inner, clean, each)]);
  return Object.fromEntries(entries) as unknown;
}

function withoutSecrets(text: string, name?: string): string {
  const clean = redactSecrets(text).text;
  if (name === undefined) return clean;
  const start = `${name}: `;
  const named = redactSecrets(start + clean).text;
  // A name that is itself taken for a part of a secret hides all of it.
  return named.startsWith(start) ? named.slice(start.length) : '[redacted]';
}
