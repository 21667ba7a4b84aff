import { AppError, isAppError } from '@prodsentinel/kernel';
import { createCodec, RawProducer, type KafkaConnection, type RawMessage } from '@prodsentinel/messaging';
import { deliver } from '../deliver.ts';
import { hashFile, maxLineBytes, readLines } from './read-lines.ts';
import { keyOf, toSignal } from './to-signal.ts';

export interface ReplayOptions {
  readonly connection: KafkaConnection;
  readonly registryUrl: string;
  /** NDJSON, gzipped or not; the same one twice is sent twice, under the same signal ids. */
  readonly files: readonly string[];
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Told how many lines Kafka has acknowledged, after each batch. */
  readonly onProgress?: (sent: number, file: string) => void;
}

export interface ReplayResult {
  /** Lines that were read and that Kafka has acknowledged. */
  readonly records: number;
  /** Of these, lines that are no JSON object and went as they are. */
  readonly unparsable: number;
  /** Milliseconds since 1970; absent when there was no line. */
  readonly firstSentAtMs: number | undefined;
}

const linesPerBatch = 250;
const bytesPerBatch = 500_000;
/** Acknowledgements awaited at once: the producer sends one request at a time, the others wait in line for it. */
const maxBatchesInFlight = 6;

/**
 * Sends every line of the files to `failures`, as Avro, as fast as Kafka acknowledges. A line that is no JSON object goes
 * as it is: the pipeline makes a dead letter of it.
 *
 * @throws AppError `invalid_input` naming the file that cannot be read, or the line that is too large for the topic;
 *   `unavailable` when Kafka stays away; `aborted`
 */
export async function replayFiles(options: ReplayOptions): Promise<ReplayResult> {
  const { connection, registryUrl, signal } = options;
  const hashes = new Map<string, string>();
  // All files are looked at before a line is sent: a misspelt name must not end a replay half-way.
  for (const file of options.files) hashes.set(file, hashes.get(file) ?? (await hashFile(file)));
  const codec = createCodec(registryUrl, connection.topicPrefix);
  await codec.prepare(['failures']);
  const producer = new RawProducer(connection);
  try {
    await producer.start(signal);
    return await sendFiles({ options, hashes, producer, encode: (value) => codec.encode('failures', value) });
  } finally {
    await producer.stop();
  }
}

interface Sending {
  readonly options: ReplayOptions;
  /** By file. */
  readonly hashes: ReadonlyMap<string, string>;
  readonly producer: RawProducer;
  readonly encode: Encode;
}

async function sendFiles({ options, hashes, producer, encode }: Sending): Promise<ReplayResult> {
  const { files, signal, now, onProgress } = options;
  const result = { records: 0, unparsable: 0, firstSentAtMs: undefined as number | undefined };
  const window = new BoundedWork(maxBatchesInFlight);
  for (const file of files) {
    for await (const batch of toBatches({ file, fileHash: hashes.get(file) ?? '' }, encode)) {
      if (signal.aborted) throw new AppError('aborted', 'aborted in the middle of a replay');
      result.firstSentAtMs ??= now();
      await window.add(async () => {
        await sendBatch(producer, batch, signal);
        result.records += batch.length;
        result.unparsable += batch.filter(({ isParsable }) => !isParsable).length;
        onProgress?.(result.records, file);
      });
    }
  }
  await window.end();
  return result;
}

interface LineMessage extends RawMessage {
  readonly file: string;
  readonly lineNumber: number;
  readonly isParsable: boolean;
}

type Encode = (value: NonNullable<ReturnType<typeof toSignal>>) => Buffer;

async function* toBatches(
  source: { file: string; fileHash: string },
  encode: Encode,
): AsyncGenerator<LineMessage[]> {
  const { file, fileHash } = source;
  let batch: LineMessage[] = [];
  let bytes = 0;
  for await (const line of readLines(file)) {
    if (!line.bytes) throw tooLarge(file, line.number);
    const signal = toSignal(line.bytes, { fileHash, lineNumber: line.number });
    const value = signal ? encode(signal) : line.bytes;
    const key = signal ? keyOf(signal) : null;
    batch.push({
      topic: 'failures',
      key,
      value,
      file,
      lineNumber: line.number,
      isParsable: signal !== undefined,
    });
    bytes += value.length;
    if (batch.length < linesPerBatch && bytes < bytesPerBatch) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

async function sendBatch(
  producer: RawProducer,
  batch: readonly LineMessage[],
  signal: AbortSignal,
): Promise<void> {
  const first = batch[0];
  if (!first) return;
  try {
    const what = `${first.file}, line ${first.lineNumber} and the ${batch.length - 1} after it`;
    await deliver(what, () => producer.sendRaw(batch), signal);
  } catch (error) {
    if (!isAppError(error) || error.code !== 'invalid_input') throw error;
    if (batch.length === 1) throw tooLarge(first.file, first.lineNumber);
    for (const each of batch) await sendBatch(producer, [each], signal);
  }
}

function tooLarge(file: string, lineNumber: number): AppError {
  return new AppError(
    'invalid_input',
    `${file}, line ${lineNumber}: larger than the topic takes (${maxLineBytes} bytes): nothing after it was sent`,
  );
}

/** So many works at once and no more; the first failure is thrown by whoever adds next. */
class BoundedWork {
  readonly #limit: number;
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  async add(work: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.#limit) await Promise.race(this.#running);
    this.#throwFailure();
    const run: Promise<void> = work()
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  async end(): Promise<void> {
    await Promise.all(this.#running);
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }
}
