import { z } from 'zod';

/**
 * The parts of OTLP that ingest uses, in the shape of OTLP/JSON. Unknown fields are ignored, as the protocol asks. Ids and
 * bytes are text in JSON and buffers when they came as protobuf.
 */
const whole64 = z.union([z.int().nonnegative(), z.string().regex(/^\d{1,20}$/)]);
const bytes = z.union([z.string(), z.instanceof(Uint8Array)]);
const hexId = z.union([z.string().regex(/^[0-9a-fA-F]*$/), z.instanceof(Uint8Array)]);

export interface AnyValue {
  readonly stringValue?: string | null | undefined;
  readonly boolValue?: boolean | null | undefined;
  readonly intValue?: string | number | null | undefined;
  readonly doubleValue?: string | number | null | undefined;
  readonly bytesValue?: string | Uint8Array | null | undefined;
  readonly arrayValue?: { readonly values?: readonly AnyValue[] | null | undefined } | null | undefined;
  readonly kvlistValue?: { readonly values?: readonly KeyValue[] | null | undefined } | null | undefined;
}

export interface KeyValue {
  readonly key: string;
  readonly value?: AnyValue | null | undefined;
}

const anyValue: z.ZodType<AnyValue> = z.object({
  stringValue: z.string().nullish(),
  boolValue: z.boolean().nullish(),
  intValue: z.union([z.number(), z.string().regex(/^-?\d{1,20}$/)]).nullish(),
  doubleValue: z.union([z.number(), z.string()]).nullish(),
  bytesValue: bytes.nullish(),
  get arrayValue() {
    return z.object({ values: z.array(anyValue).nullish() }).nullish();
  },
  get kvlistValue() {
    return z.object({ values: z.array(keyValue).nullish() }).nullish();
  },
});
const keyValue: z.ZodType<KeyValue> = z.object({
  key: z.string().default(''),
  get value() {
    return anyValue.nullish();
  },
});

const attributes = z.array(keyValue).nullish();
const resource = z.object({ attributes }).nullish();
const scope = z.object({ name: z.string().nullish() }).nullish();

const logRecord = z.object({
  timeUnixNano: whole64.nullish(),
  observedTimeUnixNano: whole64.nullish(),
  severityNumber: z.int().min(0).max(24).nullish(),
  severityText: z.string().nullish(),
  body: anyValue.nullish(),
  attributes,
  traceId: hexId.nullish(),
  spanId: hexId.nullish(),
  eventName: z.string().nullish(),
});

const spanEvent = z.object({
  timeUnixNano: whole64.nullish(),
  name: z.string().nullish(),
  attributes,
});

const span = z.object({
  traceId: hexId.nullish(),
  spanId: hexId.nullish(),
  parentSpanId: hexId.nullish(),
  name: z.string().nullish(),
  startTimeUnixNano: whole64.nullish(),
  endTimeUnixNano: whole64.nullish(),
  attributes,
  events: z.array(spanEvent).nullish(),
  status: z.object({ code: z.int().nullish(), message: z.string().nullish() }).nullish(),
});

const scopeLogs = z.object({ scope, logRecords: z.array(logRecord).nullish() });
const scopeSpans = z.object({ scope, spans: z.array(span).nullish() });

export const logsRequest = z.object({
  resourceLogs: z.array(z.object({ resource, scopeLogs: z.array(scopeLogs).nullish() })).nullish(),
});
export const traceRequest = z.object({
  resourceSpans: z.array(z.object({ resource, scopeSpans: z.array(scopeSpans).nullish() })).nullish(),
});

export type LogRecord = z.infer<typeof logRecord>;
export type Span = z.infer<typeof span>;
export type LogsRequest = z.infer<typeof logsRequest>;
export type TraceRequest = z.infer<typeof traceRequest>;
