import type { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { avroTypeOf, type Topic } from '@prodsentinel/contracts';
import { AppError, isAppError } from '@prodsentinel/kernel';
import avro from 'avsc';
import { callRegistry, elseFromCache } from './registry-call.ts';
import type { SchemaCache } from './schema-cache.ts';

/** Reads the body of a record, without its header. */
export type Reader = (body: Buffer) => unknown;

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
   * @throws AppError `undecodable` when the registry does not know the id or its schema cannot be read as the topic's,
   *   `unavailable` when the registry is away
   */
  find(topic: Topic, id: number): Reader | Promise<Reader> {
    const name = `${topic}/${id}`;
    return this.#readers.get(name) ?? this.#lookups.get(name) ?? this.#startLookup(topic, id, name);
  }

  /** Single flight: a thousand records of a new schema are one question. */
  #startLookup(topic: Topic, id: number, name: string): Promise<Reader> {
    const lookup = this.#lookUp(topic, id).finally(() => this.#lookups.delete(name));
    this.#lookups.set(name, lookup);
    return lookup.then((reader) => {
      if (this.#readers.size >= maxCached) this.#readers.clear();
      this.#readers.set(name, reader);
      return reader;
    });
  }

  async #lookUp(topic: Topic, id: number): Promise<Reader> {
    const refusal = `schema id ${id} is not known to the registry`;
    if ((this.#unknownUntilMs.get(id) ?? 0) > Date.now()) throw new AppError('undecodable', refusal);
    try {
      const ask = async () => {
        const written = (await callRegistry(this.#registry.getSchema(id), refusal)) as avro.Type;
        const schema = written.schema({ exportAttrs: true });
        await this.#cache?.writeSchema(id, JSON.stringify(schema));
        return schema;
      };
      return toReader(topic, id, await elseFromCache(ask, () => this.#recall(id)));
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
function toReader(topic: Topic, id: number, written: avro.Schema): Reader {
  try {
    const writer = avro.Type.forSchema(written);
    const own = avroTypeOf(topic);
    const resolver = own.createResolver(writer);
    return (body) => read(own, body, resolver);
  } catch (cause) {
    throw new AppError('undecodable', `schema id ${id} cannot be read as ${topic}`, { cause });
  }
}

function read(type: avro.Type, body: Buffer, resolver: ReturnType<avro.Type['createResolver']>): unknown {
  try {
    return type.fromBuffer(body, resolver);
  } catch (cause) {
    throw new AppError('undecodable', 'the bytes are not of the schema they name', { cause });
  }
}
