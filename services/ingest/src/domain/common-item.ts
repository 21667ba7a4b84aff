import {
  signalKinds,
  toTimestampMicros,
  type ExceptionCause,
  type FailureSignal,
} from '@prodsentinel/contracts';
import { levelAliases, readText, textAliases, timeAliases } from './field-aliases.ts';
import { isJsonObject } from './fields.ts';
import { ItemDraft, levelOfText, slots, type Slot } from './item-draft.ts';
import { errorPartNames, exceptionOfText, flatExceptionNames } from './read-exception.ts';
import { readTime } from './read-time.ts';
import { readLevel } from './severity.ts';
import { parseTraceparent, type TraceContext } from './trace-context.ts';

/** An item as a signal, before what its request adds. */
export interface ReadItem {
  readonly signal: FailureSignal;
  /** Of the item's own `traceparent`. */
  readonly ownTrace: TraceContext | undefined;
}

/**
 * Reads an item in one walk over its fields, when it is what most are: known names, values of their kinds, nothing said
 * twice. It is a fifth of what the whole way takes, `readAnyItem`, and says the same or nothing.
 *
 * @returns undefined when the item is unusual or at fault: then the whole way tells
 */
export function readCommonItem(item: Record<string, unknown>): ReadItem | undefined {
  draft.begin();
  try {
    for (const name of Object.keys(item)) {
      const value = item[name];
      if (value === null || value === undefined) continue;
      const read = readers.get(name);
      if (read === undefined) draft.addRest(name, value);
      else if (!read(draft, value, name)) return undefined;
    }
    if (draft.beside.length > 0 && draft.beside.some(([name]) => name in item)) return undefined;
    const signal = draft.toSignal();
    return signal && { signal, ownTrace: draft.ownTrace };
  } catch {
    // A time that is none, or an attribute that is nested too deeply: the whole way says what it is.
    return undefined;
  }
}

const draft = new ItemDraft();

/** Takes a field into the draft; false: it is not for the quick way. */
type Reader = (draft: ItemDraft, value: unknown, name: string) => boolean;

const giveUp: Reader = () => false;

function ownText(slot: Slot): Reader {
  return (draft, value, name) => {
    if (typeof value !== 'string') return false;
    if (draft.claim(slot, 0, name, value)) draft.texts[slot] = value;
    return true;
  };
}

function aliasText(slot: Slot, rank: number): Reader {
  return (draft, value, name) => {
    if (typeof value === 'object') return false;
    const text = readText(value);
    if (text === undefined) draft.addRest(name, value);
    else if (draft.claim(slot, rank, name, value)) draft.texts[slot] = text;
    return true;
  };
}

function aliasTime(rank: number): Reader {
  return (draft, value, name) => {
    const micros = readTime(value);
    if (micros === undefined) draft.addRest(name, value);
    else if (draft.claim(slots.occurredAt, rank, name, value)) draft.micros = micros;
    return true;
  };
}

function aliasLevel(rank: number): Reader {
  return (draft, value, name) => {
    const level = readLevel(value);
    if (level === undefined) draft.addRest(name, value);
    else if (draft.claim(slots.severityText, rank, name, value)) draft.level = level;
    return true;
  };
}

const readTimestamp: Reader = (draft, value, name) => {
  if (typeof value !== 'string' && typeof value !== 'number') return false;
  if (draft.claim(slots.occurredAt, 0, name, value)) draft.micros = toTimestampMicros(value);
  return true;
};

const readSeverityText: Reader = (draft, value, name) => {
  if (typeof value !== 'string') return false;
  if (draft.claim(slots.severityText, 0, name, value)) draft.level = levelOfText(value);
  return true;
};

const readSeverityNumber: Reader = (draft, value) => {
  const isOne = Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 24;
  if (isOne) draft.severityNumber = value as number;
  return isOne;
};

const readKind: Reader = (draft, value) => {
  if (typeof value !== 'string' || !signalKinds.has(value)) return false;
  draft.kind = value;
  return true;
};

const readTrace: Reader = (draft, value, name) => {
  draft.ownTrace = parseTraceparent(value);
  if (!draft.ownTrace) draft.addRest(name, value);
  return true;
};

const readAttributes: Reader = (draft, value) => {
  if (!isJsonObject(value) || Object.hasOwn(value, '__proto__')) return false;
  draft.attributes = value;
  return true;
};

/** `{log: {level}}` and the like. */
const noObject: Reader = (draft, value, name) => {
  if (typeof value === 'object') return false;
  draft.addRest(name, value);
  return true;
};

const readError: Reader = (draft, value, holder) => {
  if (draft.exception || value === '') return false;
  const empty = { type: null, message: null, stack: null, causes: [] };
  if (typeof value === 'string') {
    draft.exception = { ...empty, ...exceptionOfText(value) };
    return true;
  }
  if (!isJsonObject(value)) return false;
  const exception: Record<string, unknown> = empty;
  for (const name of Object.keys(value)) {
    const part = value[name];
    if (part === null || part === undefined) continue;
    if (name === 'type' || name === 'message' || name === 'stack') {
      if (typeof part !== 'string') return false;
      exception[name] = part;
    } else if (name === 'causes') {
      const causes = readCauses(part);
      if (!causes) return false;
      exception['causes'] = causes;
    } else if (otherErrorNames.has(name)) return false;
    else draft.beside.push([`${holder}.${name}`, part]);
  }
  draft.exception = exception as unknown as ItemDraft['exception'];
  return true;
};

const otherErrorNames = new Set<string>(['cause', '__proto__', ...Object.values(errorPartNames).flat()]);

function readCauses(causes: unknown): ExceptionCause[] | undefined {
  if (!Array.isArray(causes)) return undefined;
  const read: ExceptionCause[] = [];
  for (const cause of causes as unknown[]) {
    if (!isJsonObject(cause)) return undefined;
    const { type = null, message = null, stack = null } = cause;
    if (!isTextOrNull(type) || !isTextOrNull(message) || !isTextOrNull(stack)) return undefined;
    read.push({ type, message, stack });
  }
  return read;
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

const readers = new Map<string, Reader>([
  ...['trace', 'deployment'].map((name) => [name, noObject] as const),
  ...Object.entries(textAliases).flatMap(([name, aliases]) =>
    aliases.map((alias, at) => [alias, aliasText(slots[name as keyof typeof textAliases], at + 1)] as const),
  ),
  ...[...Object.keys(textAliases), 'parentSpanId'].map(
    (name) => [name, ownText(slots[name as keyof typeof slots])] as const,
  ),
  ...timeAliases.map((alias, at) => [alias, aliasTime(at + 1)] as const),
  ...levelAliases.map((alias, at) => [alias, aliasLevel(at + 1)] as const),
  ...Object.values(flatExceptionNames).flatMap((names) => names.map((name) => [name, giveUp] as const)),
  ...['exception', 'err', 'error'].map((name) => [name, readError] as const),
  ...['span', 'metric', 'fingerprint', '__proto__'].map((name) => [name, giveUp] as const),
  ['occurredAt', readTimestamp],
  // Ours to say, whatever the sender claims.
  ['receivedAt', () => true],
  ['severityText', readSeverityText],
  ['severityNumber', readSeverityNumber],
  ['kind', readKind],
  ['traceparent', readTrace],
  ['attributes', readAttributes],
]);
