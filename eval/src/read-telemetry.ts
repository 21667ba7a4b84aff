import type { SpanTiming } from '@prodsentinel/analyzer';
import type { FailureSignal } from '@prodsentinel/contracts';
import { toSignal } from '@prodsentinel/demo';
import { AppError } from '@prodsentinel/kernel';
import { readInput } from './read-input.ts';

export interface TimedLog {
  readonly value: FailureSignal;
  /** From 1. */
  readonly line: number;
  /** By the producer, milliseconds since 1970; 0 when it gave none. */
  readonly atMs: number;
}

export interface TimedSpan {
  readonly timing: SpanTiming;
  /** Start, milliseconds since 1970. */
  readonly atMs: number;
}

/** Whether something at this time is wanted: what is not is not kept. */
export type IsWanted = (atMs: number) => boolean;

/**
 * Log lines in the form of the data sets.
 *
 * @throws AppError `invalid_input` naming the file and the line that is no JSON object
 */
export async function readLogs(file: string, isWanted: IsWanted): Promise<TimedLog[]> {
  const logs: TimedLog[] = [];
  for await (const { number, bytes } of readInput(file)) {
    const value = bytes && toSignal(bytes, { fileHash: '', lineNumber: number });
    if (!value) throw new AppError('invalid_input', `${file}, line ${number}: expected a JSON object`);
    const atMs = (value.occurredAt ?? 0) / 1000;
    if (isWanted(atMs)) logs.push({ value, line: number, atMs });
  }
  return logs;
}

/**
 * Spans in the form of the data sets.
 *
 * @throws AppError `invalid_input` naming the file and the line that is no span
 */
export async function readSpans(file: string, isWanted: IsWanted): Promise<TimedSpan[]> {
  const spans: TimedSpan[] = [];
  for await (const { number, bytes } of readInput(file)) {
    const span = toSpan(bytes);
    if (!span) throw new AppError('invalid_input', `${file}, line ${number}: expected a span`);
    if (isWanted(span.atMs)) spans.push(span);
  }
  return spans;
}

function toSpan(bytes: Buffer | undefined): TimedSpan | undefined {
  let json: unknown;
  try {
    json = JSON.parse(bytes?.toString('utf8') ?? '');
  } catch {
    // The caller names the line; the parser's message would quote it.
    return undefined;
  }
  const { spanId, parentSpanId, service, name, startTimeUnixNano, endTimeUnixNano } = (json ?? {}) as Record<
    string,
    unknown
  >;
  const startMicros = Number(startTimeUnixNano) / 1000;
  const durationMicros = Number(endTimeUnixNano) / 1000 - startMicros;
  const isSpan = typeof spanId === 'string' && typeof service === 'string' && typeof name === 'string';
  if (!isSpan || !Number.isFinite(durationMicros)) return undefined;
  const parent = typeof parentSpanId === 'string' ? parentSpanId : '';
  return {
    timing: { environment: 'default', service, name, spanId, parentSpanId: parent, durationMicros },
    atMs: startMicros / 1000,
  };
}
