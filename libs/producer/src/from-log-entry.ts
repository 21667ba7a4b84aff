import { clip } from './bounded-text.ts';
import { identify, type RecordSettings } from './source.ts';

const maxShortenedItems = 20;

/**
 * An entry of a logger as an item for ingest, which understands the names of common loggers. Long texts are cut, and below
 * the longest permitted length long lists too: an entry that holds a whole response must not cost its error.
 */
export function fromLogEntry(
  entry: Record<string, unknown>,
  { source, maxTextLength }: RecordSettings,
): Record<string, unknown> {
  const seen = new Set<unknown>();
  const shorten = (value: unknown): unknown => {
    if (typeof value === 'string') return clip(value, maxTextLength);
    if (typeof value === 'bigint') return String(value);
    if (typeof value !== 'object' || value === null || hasToJson(value)) return value;
    if (seen.has(value)) return '[Circular]';
    seen.add(value);
    const shortened = Array.isArray(value) ? shortenList(value) : shortenObject(value);
    seen.delete(value);
    return shortened;
  };
  const limit = maxTextLength <= 256 ? maxShortenedItems : Infinity;
  const shortenList = (list: unknown[]) => list.slice(0, limit).map(shorten);
  const shortenObject = (object: object) =>
    Object.fromEntries(
      Object.entries(object)
        .slice(0, limit)
        .map(([name, each]) => [name, shorten(each)]),
    );
  return { ...identify(source), ...(shorten(entry) as Record<string, unknown>) };
}

/** Dates and what else says itself how it is written. */
function hasToJson(value: object): boolean {
  return typeof (value as { toJSON?: unknown }).toJSON === 'function';
}
