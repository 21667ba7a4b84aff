import { createHash, hash as hashAtOnce } from 'node:crypto';

/** What identifies a request, so that its repetition is recognised. */
export interface RequestIdentity {
  /** In hex. */
  readonly hash: string;
  /** Whether the sender itself said that equal requests are one (Idempotency-Key). */
  readonly isDeclared: boolean;
}

/**
 * Identifies a request by its Idempotency-Key, else by its bytes (decompressed).
 *
 * @param source whose token it came with, so that two sources that chose the same key stay two; undefined: anyone may send
 */
export function identifyRequest(
  source: string | undefined,
  idempotencyKey: string | undefined,
  body: Buffer,
): RequestIdentity {
  // As JSON, which no source's name can end early.
  const prefix = source === undefined ? '' : `source:${JSON.stringify(source)};`;
  if (idempotencyKey) {
    return { hash: hashAtOnce('sha256', `${prefix}key:${idempotencyKey}`), isDeclared: true };
  }
  return new BodyIdentity(prefix, body);
}

/** A request by its bytes. Items that bring ids of their own never ask for its hash. */
class BodyIdentity implements RequestIdentity {
  readonly isDeclared = false;
  readonly #prefix: string;
  readonly #body: Buffer;
  #hash: string | undefined;

  constructor(prefix: string, body: Buffer) {
    this.#prefix = prefix;
    this.#body = body;
  }

  get hash(): string {
    return (this.#hash ??= hashOfBody(`${this.#prefix}body:`, this.#body));
  }
}

/** At once is four times as fast as by and by, as long as the copy that it takes is small. */
function hashOfBody(prefix: string, body: Buffer): string {
  const prefixBytes = Buffer.byteLength(prefix);
  if (prefixBytes + body.length > scratch.length)
    return createHash('sha256').update(prefix).update(body).digest('hex');
  scratch.write(prefix);
  body.copy(scratch, prefixBytes);
  return hashAtOnce('sha256', scratch.subarray(0, prefixBytes + body.length));
}

const scratch = Buffer.alloc(16 * 1024);

/**
 * The id of an item that brought none. Derived from the request when a repetition of the request is surely the same
 * failure: the sender declared it, or the item carries a time of its own. Two equal messages without a time are two
 * failures: they get a random id, by which only our own retry is recognised.
 */
export function deriveSignalId(
  request: RequestIdentity,
  item: { readonly index: number; readonly hasOwnTime: boolean },
  newUuid: () => string,
): string {
  return request.isDeclared || item.hasOwnTime ? `${request.hash}:${item.index}` : newUuid();
}
