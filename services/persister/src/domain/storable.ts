import { createHash } from 'node:crypto';

/**
 * The same value without what a text or jsonb column cannot hold: NUL characters are removed, lone surrogates become
 * U+FFFD, numbers that are none become 0.
 */
export function storable<T>(value: T): T {
  return clean(value) as T;
}

/** A time that is exact in JavaScript and in PostgreSQL: capped to 1970 … 2255 (2^53 microseconds). */
export function storableMicros(micros: number): number {
  if (!Number.isFinite(micros)) return 0;
  return Math.trunc(Math.min(Math.max(micros, 0), Number.MAX_SAFE_INTEGER));
}

/** A text short enough for an index: what is longer is replaced by its hash, so that equal texts stay equal. */
export function indexable(text: string, maxCharacters = 200): string {
  return text.length <= maxCharacters ? text : `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** At most `maxCharacters`, cut between characters. */
export function capped(text: string, maxCharacters: number): string {
  return text.length <= maxCharacters ? text : text.slice(0, maxCharacters).toWellFormed();
}

// Nearly everything can be stored as it is: only what cannot is copied.
function clean(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : 0;
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? cleanArray(value) : cleanObject(value as Record<string, unknown>);
}

function cleanText(text: string): string {
  return text.isWellFormed() && !text.includes('\0') ? text : text.toWellFormed().replaceAll('\0', '');
}

function cleanArray(values: readonly unknown[]): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let place = 0; place < values.length; place++) {
    const cleaned = clean(values[place]);
    if (!Object.is(cleaned, values[place])) (copy ??= [...values])[place] = cleaned;
  }
  return copy ?? values;
}

function cleanObject(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  for (const name in fields)
    if (cleanText(name) !== name || !Object.is(clean(fields[name]), fields[name]))
      return Object.fromEntries(
        Object.entries(fields).map(([each, value]) => [cleanText(each), clean(value)]),
      );
  return fields;
}
