import { emptyRecord, type FailureSignal } from '@prodsentinel/contracts';

/** Where a line comes from: with its number it is the signal's id. */
export interface LineSource {
  /** SHA-256 of the file's bytes, in hex. */
  readonly fileHash: string;
  /** From 1. */
  readonly lineNumber: number;
}

/**
 * The signal that a log line stands for: a JSON object with `timeUnixNano`, `service`, `pod`, `level`, `traceId`, `spanId`
 * and `message`, each of which may be missing. What it says besides goes to the attributes. Answers undefined when the
 * line is no JSON object.
 */
export function toSignal(line: Buffer, { fileHash, lineNumber }: LineSource): FailureSignal | undefined {
  const fields = parseObject(line);
  if (!fields) return undefined;
  const { timeUnixNano, service, pod, level, traceId, spanId, message, ...others } = fields;
  const occurredAt = toMicros(timeUnixNano);
  // A time that does not fit is not lost: it stays readable as text.
  if (occurredAt === null && !isAbsent(timeUnixNano)) others['timeUnixNano'] = timeUnixNano;
  return {
    ...emptyRecord('failures'),
    signalId: `${fileHash}:${lineNumber}`,
    traceId: toText(traceId),
    spanId: toText(spanId),
    service: toText(service) ?? 'unknown_service',
    host: toText(pod),
    severityNumber: severityNumbers[(toText(level) ?? '').toUpperCase()] ?? 0,
    severityText: toText(level),
    message: toText(message) ?? '',
    attributes: toAttributes(others),
    occurredAt,
  };
}

/** The key that Kafka partitions by: the trace, else the service. */
export function keyOf({ traceId, service }: FailureSignal): string {
  return traceId ?? service;
}

/** OpenTelemetry's numbers for the names that loggers use. */
const severityNumbers: Readonly<Record<string, number>> = {
  TRACE: 1,
  DEBUG: 5,
  INFO: 9,
  NOTICE: 10,
  WARN: 13,
  WARNING: 13,
  ERROR: 17,
  SEVERE: 17,
  CRITICAL: 21,
  FATAL: 21,
};

function parseObject(line: Buffer): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(line.toString('utf8'));
    const isObject = typeof json === 'object' && json !== null && !Array.isArray(json);
    return isObject ? (json as Record<string, unknown>) : undefined;
  } catch {
    // No JSON: the caller sends the line as it is, and it becomes a dead letter.
    return undefined;
  }
}

/** Whole microseconds, rounded down, also before 1970; null when it is no whole number or beyond 2^53. */
function toMicros(timeUnixNano: unknown): number | null {
  const text = typeof timeUnixNano === 'number' ? String(timeUnixNano) : timeUnixNano;
  if (typeof text !== 'string' || !/^-?\d{1,30}$/.test(text)) return null;
  const nanos = BigInt(text);
  const micros = Number(nanos / 1000n - (nanos % 1000n < 0n ? 1n : 0n));
  return Number.isSafeInteger(micros) ? micros : null;
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

/** Null for what is absent or empty; what is no text keeps its JSON form. */
function toText(value: unknown): string | null {
  if (isAbsent(value)) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function toAttributes(fields: Record<string, unknown>): Record<string, string> {
  const texts = Object.entries(fields).map(([name, value]) => [name, toText(value)]);
  return Object.fromEntries(texts.filter(([, text]) => text !== null)) as Record<string, string>;
}
