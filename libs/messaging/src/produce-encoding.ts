import { createRequire } from 'node:module';
import { encodeProduceBody, type ProduceBody, type RecordToWrite } from './produce-body.ts';

/** What kafkajs gives to the maker of a Produce request. */
export interface ProduceArguments extends Omit<ProduceBody, 'producerId' | 'timestampMs'> {
  readonly producerId: { toString(): string };
  readonly compression?: number;
  readonly transactionalId?: string | null;
}

interface ProduceRequest {
  readonly request: { encode(): Promise<Encoded> };
  readonly response: unknown;
}

/** The part of a kafkajs encoder that its callers look at. */
interface Encoded {
  readonly buf: Buffer;
  readonly buffer: Buffer;
  size(): number;
  /** Bytes that are free before it, in the same memory. */
  readonly [room]?: number;
}

/** The part of a kafkajs encoder that puts a request together. */
interface Encoder {
  buf: Buffer;
  offset: number;
  readonly buffer: Buffer;
  [room]?: number;
  writeEncoder(value: Encoded): this;
}

const room = Symbol('room');
/** For the size of a request and its head, of which the client's name is the largest part. */
const roomForHeadBytes = 256;

type Protocol = (version: { version: number }) => (args: ProduceArguments) => ProduceRequest;

let isMended = false;

/**
 * kafkajs 2.2.4 copies every record eight times on its way into a request, through buffers that it fills with zeros first,
 * and counts in big integers: 11 µs a record of 1 KB, 41 µs for one alone. What we send is written once, and is the same
 * bytes; whatever else there may be is left to kafkajs.
 */
export function mendProduceEncoding(): void {
  if (isMended) return;
  isMended = true;
  const require = createRequire(import.meta.url);
  const definitions = require('kafkajs/src/protocol/requests/produce') as { protocol: Protocol };
  definitions.protocol = encodeOurselves(definitions.protocol);
  const encoder = require('kafkajs/src/protocol/encoder') as { prototype: Encoder };
  encoder.prototype.writeEncoder = writeWhereItIs(encoder.prototype);
}

/** kafkajs copies a request twice more, to write its head and then its size before it: there is room for both where it is. */
function writeWhereItIs(prototype: Encoder): Encoder['writeEncoder'] {
  // oxlint-disable-next-line typescript/unbound-method -- called with the encoder it belongs to, below
  const copy = prototype.writeEncoder;
  return function (this: Encoder, value) {
    const head = this.buffer;
    const left = (value?.[room] ?? 0) - head.length;
    if (left < 0 || head.length === 0) return copy.call(this, value);
    const { buffer, byteOffset, length } = value.buffer;
    this.buf = Buffer.from(buffer, byteOffset - head.length, head.length + length);
    head.copy(this.buf);
    this.offset = this.buf.length;
    this[room] = left;
    return this;
  };
}

/** A protocol whose requests are encoded by us, where we can. */
export function encodeOurselves(protocol: Protocol): Protocol {
  return ({ version }) => {
    const create = protocol({ version });
    if (version < firstVersionOfBatches) return create;
    return (args) => {
      const { request, response } = create(args);
      if (!isOurs(args)) return { request, response };
      return { request: { ...request, encode: async () => encode(args) }, response };
    };
  };
}

const firstVersionOfBatches = 3;

function encode({ producerId, ...args }: ProduceArguments): Encoded {
  const body = { ...args, producerId: BigInt(producerId.toString()), timestampMs: Date.now() };
  const bytes = encodeProduceBody(body, roomForHeadBytes);
  return { buf: bytes, buffer: bytes, size: () => bytes.length, [room]: roomForHeadBytes };
}

function isOurs({ compression = 0, transactionalId, topicData }: ProduceArguments): boolean {
  if (compression !== 0 || typeof transactionalId === 'string') return false;
  return topicData.every(({ partitions }) => partitions.every(({ messages }) => messages.every(isPlain)));
}

function isPlain(message: RecordToWrite & { readonly timestamp?: unknown }): boolean {
  const { key, value, headers, timestamp } = message;
  if (timestamp !== undefined && timestamp !== null) return false;
  if (!(isBytes(key) || key === null || key === undefined)) return false;
  if (!(isBytes(value) || value === null)) return false;
  if (headers === undefined) return true;
  if (headers === null) return false;
  return Object.values(headers).every((each) => (Array.isArray(each) ? each.every(isBytes) : isBytes(each)));
}

function isBytes(value: unknown): value is Buffer | string {
  return typeof value === 'string' || Buffer.isBuffer(value);
}
