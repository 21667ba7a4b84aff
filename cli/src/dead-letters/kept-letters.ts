import type { HeaderValue, StoredDeadLetter } from '@prodsentinel/messaging';

export interface Found {
  /** By partition and offset. */
  readonly letters: readonly StoredDeadLetter[];
  /** How many fit beyond those. */
  readonly more: number;
}

/** Dead letters that were found, as many as memory may hold; the others are counted. */
export class KeptLetters {
  readonly #limits: { readonly count: number; readonly bytes: number };
  readonly #letters: StoredDeadLetter[] = [];
  #bytes = 0;
  #more = 0;

  constructor(limits: { readonly count: number; readonly bytes: number }) {
    this.#limits = limits;
  }

  /** Keeps it when there is room; the first always has some. */
  offer(letter: StoredDeadLetter): void {
    const bytes = bytesOf(letter);
    const hasRoom = this.#letters.length === 0 || this.#bytes + bytes <= this.#limits.bytes;
    if (this.#letters.length < this.#limits.count && hasRoom) {
      this.#letters.push(detached(letter));
      this.#bytes += bytes;
    } else this.#more += 1;
  }

  get found(): Found {
    return { letters: this.#letters.toSorted(inOrder), more: this.#more };
  }
}

function bytesOf({ record: { key, value, rawHeaders } }: StoredDeadLetter): number {
  let bytes = (key?.length ?? 0) + (value?.length ?? 0);
  for (const [name, header] of Object.entries(rawHeaders))
    for (const each of [header].flat()) bytes += name.length + (each?.length ?? 0);
  return bytes;
}

/** With bytes of its own: as Kafka's client gave them, they hold all that came in the same answer, up to megabytes. */
function detached({ record, ...letter }: StoredDeadLetter): StoredDeadLetter {
  const { key, value, rawHeaders } = record;
  const headers = Object.entries(rawHeaders).map(([name, header]) => [name, copyOfHeader(header)]);
  return {
    ...letter,
    record: {
      ...record,
      key: key && Buffer.from(key),
      value: value && Buffer.from(value),
      rawHeaders: Object.fromEntries(headers) as Record<string, HeaderValue>,
    },
  };
}

function copyOfHeader(header: HeaderValue): HeaderValue {
  if (Array.isArray(header)) return header.map((each) => copyOfHeader(each) as Buffer | string);
  return Buffer.isBuffer(header) ? Buffer.from(header) : header;
}

function inOrder({ record: a }: StoredDeadLetter, { record: b }: StoredDeadLetter): number {
  return a.partition - b.partition || a.offset - b.offset;
}
