import { toTimestampMicros, type TimestampMicros } from '@prodsentinel/contracts';

/**
 * Reads a time as loggers write it: RFC 3339 text, or a number since 1970 in seconds, milliseconds, microseconds or
 * nanoseconds, told apart by its size (seconds below 1e11, which is the year 5138; milliseconds from there, which is
 * March 1973). Undefined when it is neither, or before 1970.
 */
export function readTime(value: unknown): TimestampMicros | undefined {
  if (typeof value === 'number') return fromNumber(value);
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return fromNumber(Number(text));
  try {
    return toTimestampMicros(text);
  } catch {
    // Some other notation: the text stays with the signal as an attribute.
    return undefined;
  }
}

function fromNumber(value: number): TimestampMicros | undefined {
  if (!(value > 0)) return undefined;
  const micros = Math.round(value * microsPerUnit(value));
  return Number.isSafeInteger(micros) ? micros : undefined;
}

function microsPerUnit(value: number): number {
  if (value < 1e11) return 1e6;
  if (value < 1e14) return 1e3;
  return value < 1e17 ? 1 : 1e-3;
}
