import { AppError } from '@prodsentinel/kernel';
import { z } from 'zod';
import { signalKinds } from './closed-sets.ts';
import type { FailureSignal, TimestampMicros } from './generated-types.ts';

/**
 * Reads a `FailureSignal` from parsed JSON: camelCase names as in `schemas/failures.avsc`, no Avro union wrappers, times
 * as RFC 3339 text or whole microseconds. Fields that the schema does not know go to `attributes` as text.
 *
 * @throws AppError `invalid_input`, whose `path` says where and whose message says what was expected; it never quotes the
 *   value, which may be a secret
 */
export function parseFailureSignal(json: unknown): FailureSignal {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new AppError('invalid_input', 'the record: expected a JSON object', { path: '' });
  }
  const result = failureSignalJson.safeParse(json);
  if (!result.success) throw toInvalidInput(result.error);
  const signal = result.data;
  const attributes: Record<string, string> = {};
  addTexts(attributes, json as Record<string, unknown>, knownNames);
  if (signal.attributes) addTexts(attributes, signal.attributes);
  return Object.assign(signal, {
    signalId: signal.signalId || null,
    traceId: signal.traceId || null,
    attributes,
  });
}

/**
 * Microseconds since 1970 from RFC 3339 text or a whole number of microseconds.
 *
 * @throws AppError `invalid_input` when it is neither
 */
export function toTimestampMicros(value: string | number): TimestampMicros {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return value;
    throw new AppError('invalid_input', 'expected a whole number of microseconds');
  }
  return readPlainUtc(value) ?? readRfc3339(value);
}

function readRfc3339(value: string): TimestampMicros {
  const match = rfc3339.exec(value);
  const milliseconds = match ? Date.parse(`${match[1]}T${match[2]}${match[4]!.toUpperCase()}`) : Number.NaN;
  if (!match || Number.isNaN(milliseconds)) throw new AppError('invalid_input', 'expected an RFC 3339 time');
  return milliseconds * 1000 + Number((match[3] ?? '').padEnd(6, '0').slice(0, 6));
}

const rfc3339 = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/;

/**
 * Most times: in UTC, of a day that every month has. A regular expression and `Date.parse` take eight times as long.
 *
 * @returns undefined when it is any other text
 */
function readPlainUtc(value: string): TimestampMicros | undefined {
  const zoneAt = value.length - 1;
  const isPlain =
    value[zoneAt] === 'Z' &&
    value[4] === '-' &&
    value[7] === '-' &&
    value[10] === 'T' &&
    value[13] === ':' &&
    value[16] === ':';
  if (!isPlain) return undefined;
  const year = digits(value, 0, 4);
  const month = digits(value, 5, 7);
  const day = digits(value, 8, 10);
  const hour = digits(value, 11, 13);
  const minute = digits(value, 14, 16);
  const second = digits(value, 17, 19);
  const isSure =
    year >= 1970 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= 28 &&
    hour <= 23 &&
    minute <= 59 &&
    second <= 59;
  if (!isSure) return undefined;
  const micros = zoneAt === 19 ? 0 : readFraction(value, zoneAt);
  const milliseconds = Date.UTC(year, month - 1, day, hour, minute, second);
  return Number.isNaN(micros) ? undefined : milliseconds * 1000 + micros;
}

/** The microseconds that stand between the second and `end`, cut after the sixth digit; NaN: it is no fraction. */
function readFraction(value: string, end: number): number {
  const length = end - 20;
  if (value[19] !== '.' || length < 1 || length > 9) return Number.NaN;
  const fraction = digits(value, 20, end);
  return length <= 6 ? fraction * 10 ** (6 - length) : Math.floor(fraction / 10 ** (length - 6));
}

/** NaN: there is something else among them. */
function digits(value: string, start: number, end: number): number {
  let number = 0;
  for (let at = start; at < end; at++) {
    const digit = value.charCodeAt(at) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    number = number * 10 + digit;
  }
  return number;
}

const text = z.string();
const optionalText = text.nullable().default(null);
const optionalWhole = z.int().nullable().default(null);
const time = z
  .union([text, z.number()])
  .nullish()
  .transform((value, context) => {
    if (value === null || value === undefined) return null;
    try {
      return toTimestampMicros(value);
    } catch {
      context.addIssue({
        code: 'custom',
        message: 'expected RFC 3339 text or a whole number of microseconds',
      });
      return z.NEVER;
    }
  });

const maxSignalIdBytes = 128;

const failureSignalJson = z.object({
  signalId: optionalText.refine((id) => id === null || Buffer.byteLength(id) <= maxSignalIdBytes, {
    message: `expected at most ${maxSignalIdBytes} bytes`,
  }),
  traceId: optionalText,
  spanId: optionalText,
  parentSpanId: optionalText,
  kind: z.enum(signalKinds.values).default(signalKinds.fallback),
  service: text.default('unknown_service').transform((value) => value || 'unknown_service'),
  environment: text.default('default').transform((value) => value || 'default'),
  release: optionalText,
  host: optionalText,
  severityNumber: z.int().min(0).max(24).default(0),
  severityText: optionalText,
  message: text.default(''),
  exception: z
    .object({
      type: optionalText,
      message: optionalText,
      stack: optionalText,
      causes: z
        .array(z.object({ type: optionalText, message: optionalText, stack: optionalText }))
        .default([]),
    })
    .nullable()
    .default(null),
  span: z
    .object({ name: text.default(''), durationMicros: optionalWhole, status: text.default('unset') })
    .nullable()
    .default(null),
  metric: z
    .object({ name: text.default(''), value: z.number().default(0), unit: optionalText })
    .nullable()
    .default(null),
  attributes: z.record(z.string(), z.unknown()).nullable().default(null),
  fingerprint: z.array(text).nullable().default(null),
  occurredAt: time,
  receivedAt: time,
});

/** The JSON Schema (2020-12) of what `parseFailureSignal` takes; that a text is a time, or an id short, it does not say. */
export function failureSignalJsonSchema(): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(failureSignalJson, { io: 'input' });
}

const knownNames = new Set(Object.keys(failureSignalJson.shape));

const none: ReadonlySet<string> = new Set();

function addTexts(texts: Record<string, string>, values: Record<string, unknown>, except = none): void {
  for (const name of Object.keys(values)) {
    const value = values[name];
    if (value === null || value === undefined || except.has(name)) continue;
    const text = toText(name, value);
    // Set like any other, it would be lost: it is what objects inherit from.
    if (name === '__proto__')
      Object.defineProperty(texts, name, {
        value: text,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    else texts[name] = text;
  }
}

/** `JSON.parse` takes any depth, `JSON.stringify` runs out of stack: that is the sender's fault and not ours. */
function toText(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw new AppError('invalid_input', `${name}: nested too deeply`, { path: name, cause });
  }
}

function toInvalidInput(error: z.ZodError): AppError {
  const issue = error.issues[0];
  const path = issue?.path.map(String).join('.') ?? '';
  return new AppError(
    'invalid_input',
    `${path || 'the record'}: ${issue?.message ?? 'not a failure signal'}`,
    { path },
  );
}
