import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import {
  avroTypeOf,
  parseFailureSignal,
  readSchemaText,
  type RecordOf,
  type Topic,
} from '@prodsentinel/contracts';
import { AppError } from '@prodsentinel/kernel';
import type avro from 'avsc';
import { callRegistry, elseFromCache } from './registry-call.ts';
import type { SchemaCache } from './schema-cache.ts';
import { SchemaReaders } from './schema-readers.ts';

/** Between bytes on the wire and records: the Confluent wire format, and plain JSON on `failures`. */
export interface Codec {
  /**
   * Looks up the ids of this build's schemas; must have resolved before `encode` is called for a topic.
   *
   * @throws AppError `unavailable` when the registry does not answer, `contract_mismatch` when a schema is not registered
   */
  prepare(topics: readonly Topic[]): Promise<void>;
  /** @throws AppError `invalid_input` naming the field when the record is not of the topic's schema */
  encode<T extends Topic>(topic: T, record: RecordOf[T]): Buffer;
  /**
   * Answers at once while the writer's schema is known.
   *
   * @param late fields that are decoded when they are asked for, which then may throw; always the same array
   * @throws AppError `undecodable` (or `invalid_input` for JSON that is no record), `unavailable` when the registry that
   *   knows the writer's schema is away
   */
  decode<T extends Topic>(
    topic: T,
    bytes: Buffer,
    late?: readonly string[],
  ): RecordOf[T] | Promise<RecordOf[T]>;
}

const magicByte = 0;
const headerBytes = 5;

/**
 * @param topicPrefix as in KafkaConnection: subjects are `PREFIX + TOPIC-value`
 * @param cache       keeps what the registry said for when it is away; without it that is waited for
 */
export function createCodec(registryUrl: string, topicPrefix = '', cache?: SchemaCache): Codec {
  const registry = new SchemaRegistry({ host: registryUrl.replace(/\/$/, ''), retry: { retries: 0 } });
  const readers = new SchemaReaders(registry, cache);
  const ownIds = new Map<Topic, number>();
  return {
    async prepare(topics) {
      for (const topic of topics) {
        const schema = readSchemaText(topic);
        const subject = `${topicPrefix}${topic}-value`;
        const lookup = async () => {
          const asked = registry.getRegistryIdBySchema(subject, { type: SchemaType.AVRO, schema });
          const id = await callRegistry(asked, `this build's schema of ${topic} is not registered`);
          await cache?.writeId(subject, schema, id);
          await cache?.writeSchema(id, schema);
          return id;
        };
        ownIds.set(topic, await elseFromCache(lookup, async () => cache?.readId(subject, schema)));
      }
    },
    encode(topic, record) {
      const id = ownIds.get(topic);
      if (id === undefined) throw new AppError('bug', `encode for ${topic} before prepare`);
      return encodeRecord(topic, id, record);
    },
    decode<T extends Topic>(
      topic: T,
      bytes: Buffer,
      late?: readonly string[],
    ): RecordOf[T] | Promise<RecordOf[T]> {
      if (bytes.length > 0 && bytes[0] !== magicByte) return decodeJson(topic, bytes);
      if (bytes.length <= headerBytes) throw new AppError('undecodable', `only ${bytes.length} bytes`);
      const body = bytes.subarray(headerBytes);
      const reader = readers.find(topic, bytes.readInt32BE(1), late);
      if (reader instanceof Promise) return reader.then((found) => found(body) as RecordOf[T]);
      return reader(body) as RecordOf[T];
    },
  };
}

function encodeRecord<T extends Topic>(topic: T, id: number, record: RecordOf[T]): Buffer {
  const type = avroTypeOf(topic);
  try {
    const bytes = encodeBehindOthers(type, record) ?? Buffer.concat([header, type.toBuffer(record)]);
    bytes[0] = magicByte;
    bytes.writeInt32BE(id, 1);
    return bytes;
  } catch {
    // What avsc says quotes the value, and would go on to logs.
    throw new AppError('invalid_input', `not a record of ${topic}: ${faultOf(type, record)}`);
  }
}

const header = Buffer.alloc(headerBytes);

/**
 * Records are encoded one behind the other into one piece of memory: a buffer for each, of the largest size or of one that is
 * found out first, takes a third of the time of encoding. Who keeps a record keeps its piece.
 */
const pieceBytes = 64 * 1024;
const largestInPieceBytes = pieceBytes / 8;
let piece = Buffer.alloc(0);
let usedBytes = 0;

/** Leaves room for the header; undefined: too large to be put beside others. */
function encodeBehindOthers(type: avro.Type, record: unknown): Buffer | undefined {
  let start = usedBytes;
  let end = type.encode(record, piece, start + headerBytes);
  if (end < 0) {
    // It says how much is missing.
    const bytes = piece.length - end - start;
    if (bytes > largestInPieceBytes) return undefined;
    piece = Buffer.alloc(pieceBytes);
    start = 0;
    end = type.encode(record, piece, headerBytes);
  }
  usedBytes = end;
  return piece.subarray(start, end);
}

/** Only `failures` takes JSON: what stages write to each other is always Avro. */
function decodeJson<T extends Topic>(topic: T, bytes: Buffer): RecordOf[T] {
  if (topic !== 'failures') throw new AppError('undecodable', 'the first byte is not the magic byte 0');
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch {
    // What JavaScript says quotes the record, and would go on to logs and the headers of the dead letter.
    throw new AppError('undecodable', 'neither Avro (first byte 0) nor JSON');
  }
  return parseFailureSignal(json) as RecordOf[T];
}

/** The path of the first field that is not of the schema; never its value. */
function faultOf(type: avro.Type, record: unknown): string {
  let fault = 'unknown field';
  type.isValid(record, {
    errorHook: (path: string[]) => {
      if (fault === 'unknown field') fault = path.join('.') || 'the record itself';
    },
  });
  return fault;
}
