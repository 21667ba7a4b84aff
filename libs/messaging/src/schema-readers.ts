import type { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { avroTypeOf, type Topic } from '@prodsentinel/contracts';
import { AppError, isAppError } from '@prodsentinel/kernel';
import avro from 'avsc';
import { createLateReader, type Reader } from './late-fields.ts';
import { callRegistry, elseFromCache } from './registry-call.ts';
import type { SchemaCache } from './schema-cache.ts';

interface AskedReader {
  readonly topic: Topic;
  readonly id: number;
  readonly late: readonly string[];
}

/** How long an id that the registry does not know is not asked for again. */
const negativeCacheMs = 30_000;
/** Ids are 32 bits of a stranger's choosing: the caches forget everything rather than grow. */
const maxCached = 10_000;

/** Readers by topic and the writer's schema id. */
export class SchemaReaders {
  readonly #registry: SchemaRegistry;
  readonly #cache: SchemaCache | undefined;
  readonly #readers = new Map<string, Reader>();
  readonly #lookups = new Map<string, Promise<Reader>>();
  readonly #unknownUntilMs = new Map<number, number>();

  constructor(registry: SchemaRegistry, cache: SchemaCache | undefined) {
    this.#registry = registry;
    this.#cache = cache;
  }

  /**
   * The reader itself once it is known.
   *
   * @param late names of fields that are read when they are asked for; always the same array
   * @throws AppError `undecodable` when the registry does not know the id or its schema cannot be read as the topic's,
   *   `unavailable` when the registry is away
   */
  find(topic: Topic, id: number, late: readonly string[] = []): Reader | Promise<Reader> {
    const name = late.length === 0 ? `${topic}/${id}` : `${topic}/${id}/${late.join()}`;
    return this.#readers.get(name) ?? this.#lookups.get(name) ?? this.#startLookup({ topic, id, late }, name);
  }

  /** Single flight: a thousand records of a new schema are one question. */
  #startLookup(asked: AskedReader, name: string): Promise<Reader> {
    const lookup = this.#lookUp(asked).finally(() => this.#lookups.delete(name));
    this.#lookups.set(name, lookup);
    return lookup.then((reader) => {
      if (this.#readers.size >= maxCached) this.#readers.clear();
      this.#readers.set(name, reader);
      return reader;
    });
  }

  async #lookUp({ topic, id, late }: AskedReader): Promise<Reader> {
    const refusal = `schema id ${id} is not known to the registry`;
    if ((this.#unknownUntilMs.get(id) ?? 0) > Date.now()) throw new AppError('undecodable', refusal);
    try {
      const ask = async () => {
        const written = (await callRegistry(this.#registry.getSchema(id), refusal)) as avro.Type;
        const schema = written.schema({ exportAttrs: true });
        await this.#cache?.writeSchema(id, JSON.stringify(schema));
        return schema;
      };
      return toReader({ topic, id, late }, await elseFromCache(ask, () => this.#recall(id)));
    } catch (error) {
      if (!isAppError(error) || error.code !== 'contract_mismatch') throw error;
      if (this.#unknownUntilMs.size >= maxCached) this.#unknownUntilMs.clear();
      this.#unknownUntilMs.set(id, Date.now() + negativeCacheMs);
      throw new AppError('undecodable', refusal, { cause: error });
    }
  }

  async #recall(id: number): Promise<avro.Schema | undefined> {
    const text = await this.#cache?.readSchema(id);
    return text === undefined ? undefined : (JSON.parse(text) as avro.Schema);
  }
}

/** Reads with the writer's schema and resolves to ours, so that writers may be older or newer. */
function toReader({ topic, id, late }: AskedReader, written: avro.Schema): Reader {
  try {
    const writer = avro.Type.forSchema(written);
    const own = avroTypeOf(topic);
    const resolver = own.createResolver(writer);
    const readWhole = naming((body) => own.fromBuffer(body, resolver) as unknown);
    if (late.length === 0) return readWhole;
    return naming(createLateReader(own as avro.types.RecordType, writer, { late, readWhole }));
  } catch (cause) {
    throw new AppError('undecodable', `schema id ${id} cannot be read as ${topic}`, { cause });
  }
}

/** What avsc throws is not for logs. */
function naming(read: Reader): Reader {
  return (body) => {
    try {
      return read(body);
    } catch (cause) {
      throw new AppError('undecodable', 'the bytes are not of the schema they name', { cause });
    }
  };
}
