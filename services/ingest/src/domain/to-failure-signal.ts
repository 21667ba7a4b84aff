import { parseFailureSignal, type FailureSignal, type TimestampMicros } from '@prodsentinel/contracts';
import { readCommonItem, type ReadItem } from './common-item.ts';
import { isJsonObject } from './fields.ts';
import { toCanonicalFields } from './field-aliases.ts';
import { deriveSignalId, type RequestIdentity } from './signal-id.ts';
import { parseTraceparent, readTraceId, type TraceContext } from './trace-context.ts';

/** What the items of one request have in common. */
export interface RequestContext {
  readonly identity: RequestIdentity;
  /** Of the request's `traceparent` header, when that is valid. */
  readonly trace: TraceContext | undefined;
  /** What the failures count to, whatever they say themselves; undefined: what they say. */
  readonly environment?: string | undefined;
  readonly receivedAt: TimestampMicros;
  readonly newUuid: () => string;
}

export interface MappedSignal {
  readonly signal: FailureSignal;
  /** The trace context to send along: the item's own, else the request's. */
  readonly trace: TraceContext | undefined;
}

/**
 * Makes one item a `FailureSignal`: aliases, validation, trace id (the item's, else its `traceparent`, else the request's),
 * id and time of receipt.
 *
 * @param index of the item in its request, from 0
 * @throws AppError `invalid_input` with `path`, as `parseFailureSignal` does; `path` is the name of ours, not the alias
 */
export function toFailureSignal(item: unknown, index: number, request: RequestContext): MappedSignal {
  const { signal, ownTrace } = (isJsonObject(item) ? readCommonItem(item) : undefined) ?? readAnyItem(item);
  const trace = ownTrace ?? request.trace;
  const traceId = signal.traceId === null ? undefined : readTraceId(signal.traceId);
  const hasOwnTime = signal.occurredAt !== null;
  // It is ours alone: a copy of all its fields would be for nothing.
  signal.traceId = traceId ?? trace?.traceId ?? null;
  signal.signalId ??= deriveSignalId(request.identity, { index, hasOwnTime }, request.newUuid);
  if (request.environment !== undefined) signal.environment = request.environment;
  signal.receivedAt = request.receivedAt;
  return { signal, trace };
}

/**
 * Reads an item whatever it is: gives its fields their names, then holds them against the shape of a signal.
 *
 * @throws AppError `invalid_input` as `toFailureSignal` does
 */
export function readAnyItem(item: unknown): ReadItem {
  const fields = isJsonObject(item) ? toCanonicalFields(item) : item;
  const ownTrace = isJsonObject(fields) ? parseTraceparent(fields['traceparent']) : undefined;
  if (ownTrace && isJsonObject(fields)) delete fields['traceparent'];
  return { signal: parseFailureSignal(fields), ownTrace };
}

/** The key on `failures`: signals of one trace meet on one partition. */
export function kafkaKeyOf(signal: FailureSignal): string {
  return signal.traceId ?? signal.service;
}
