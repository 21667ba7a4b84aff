import { severityNumberOf, severityNumbers } from '../domain/severity.ts';
import { takeText, textOf, toTexts } from './attributes.ts';
import type { KeyValue, LogRecord, LogsRequest, Span, TraceRequest } from './request-shape.ts';

type Item = Record<string, unknown>;
type Attributes = readonly KeyValue[] | null | undefined;

/** The log records of a request as items with the field names of `FailureSignal`, in the order they were sent. */
export function* logItems(request: LogsRequest): Generator<Item> {
  for (const { resource, scopeLogs } of request.resourceLogs ?? [])
    for (const { scope, logRecords } of scopeLogs ?? [])
      for (const record of logRecords ?? []) yield toLogItem(record, resource?.attributes, scope?.name);
}

/** The spans of a request as items, in the order they were sent. */
export function* spanItems(request: TraceRequest): Generator<Item> {
  for (const { resource, scopeSpans } of request.resourceSpans ?? [])
    for (const { scope, spans } of scopeSpans ?? [])
      for (const span of spans ?? []) yield toSpanItem(span, resource?.attributes, scope?.name);
}

function toLogItem(record: LogRecord, resource: Attributes, scopeName: string | null | undefined): Item {
  const texts = mergedTexts(resource, record.attributes, scopeName);
  if (record.eventName) texts.set('event.name', record.eventName);
  const exception = takeException(texts);
  const body = textOf(record.body);
  const isExceptionEvent = /(^|\.)exception$/.test(record.eventName ?? '');
  const time = toMicros(record.timeUnixNano) ?? toMicros(record.observedTimeUnixNano);
  return {
    ...takeOrigin(texts),
    kind: 'log',
    traceId: toHex(record.traceId),
    spanId: toHex(record.spanId),
    severityNumber: severityOf(record),
    severityText: record.severityText || null,
    message: body || exception?.message || record.eventName || '',
    exception: exception ?? (isExceptionEvent ? { message: body ?? null } : null),
    occurredAt: time ?? null,
    attributes: Object.fromEntries(texts),
  };
}

function toSpanItem(span: Span, resource: Attributes, scopeName: string | null | undefined): Item {
  const texts = mergedTexts(resource, span.attributes, scopeName);
  const events = (span.events ?? []).filter(({ name }) => name === 'exception');
  const last = events.at(-1);
  const isError = span.status?.code === errorStatus;
  // The last one is the one that ended the span; how many there were is kept.
  const said = toTexts(last?.attributes);
  const failedAs = isError && !last ? takeErrorType(texts) : null;
  const exception = last ? (takeException(said) ?? { message: null }) : failedAs;
  for (const [name, text] of said) texts.set(name, text);
  if (events.length > 1) texts.set('exception.count', String(events.length));
  const [start, end] = [toMicros(span.startTimeUnixNano), toMicros(span.endTimeUnixNano)];
  const handled = exception ? severityNumbers.warn : severityNumbers.info;
  return {
    ...takeOrigin(texts),
    kind: 'span',
    traceId: toHex(span.traceId),
    spanId: toHex(span.spanId),
    parentSpanId: toHex(span.parentSpanId),
    severityNumber: isError ? severityNumbers.error : handled,
    message: span.status?.message || exception?.message || span.name || '',
    exception,
    span: {
      name: span.name ?? '',
      durationMicros: start !== undefined && end !== undefined ? Math.max(0, end - start) : null,
      status: isError ? 'error' : span.status?.code === 1 ? 'ok' : 'unset',
    },
    occurredAt: toMicros(last?.timeUnixNano) ?? end ?? start ?? null,
    attributes: Object.fromEntries(texts),
  };
}

const errorStatus = 2;

function mergedTexts(resource: Attributes, own: Attributes, scopeName: string | null | undefined) {
  const texts = new Map([...toTexts(resource), ...toTexts(own)]);
  if (scopeName) texts.set('otel.scope.name', scopeName);
  return texts;
}

function takeOrigin(texts: Map<string, string>): Item {
  return {
    service: takeText(texts, 'service.name'),
    environment: takeText(texts, 'deployment.environment.name', 'deployment.environment'),
    release: takeText(texts, 'service.version'),
    host: takeText(texts, 'host.name', 'service.instance.id'),
  };
}

function takeException(texts: Map<string, string>) {
  const type = takeText(texts, 'exception.type');
  const message = takeText(texts, 'exception.message');
  const stack = takeText(texts, 'exception.stacktrace');
  return (type ?? message ?? stack)
    ? { type: type ?? null, message: message ?? null, stack: stack ?? null }
    : undefined;
}

/** A failed span whose exception, if any, was sent as a log record still says of what class its error is. */
function takeErrorType(texts: Map<string, string>) {
  const type = takeText(texts, 'error.type');
  return type === undefined ? null : { type, message: null, stack: null };
}

/** A record that says nothing of its severity counts as INFO, as OpenTelemetry's data model suggests. */
function severityOf({ severityNumber, severityText }: LogRecord): number {
  if (severityNumber) return severityNumber;
  return severityText ? severityNumberOf(severityText) : severityNumbers.info;
}

/** Undefined for 0 (unset) and for what is beyond the range of safe integers. */
function toMicros(nanos: string | number | null | undefined): number | undefined {
  if (nanos === null || nanos === undefined) return undefined;
  const micros = Number(BigInt(nanos) / 1000n);
  return micros > 0 && Number.isSafeInteger(micros) ? micros : undefined;
}

function toHex(id: string | Uint8Array | null | undefined): string | null {
  if (!id || id.length === 0) return null;
  return typeof id === 'string' ? id.toLowerCase() : Buffer.from(id).toString('hex');
}
