import { Fields, isJsonObject } from './fields.ts';

/**
 * Gives the exception of an item its place and its names, from wherever loggers put it: `exception`, `err` or `error`, as
 * an object or a text, or flat as `exception.type`, `exception.message`, `exception.stacktrace` (OpenTelemetry). What
 * else an error object holds (`code`, `errno`) becomes an attribute, `err.code`. Values of `exception` are left to
 * validation; those of the others are made text.
 */
export function placeException(fields: Fields): void {
  for (const name of ['exception', 'err', 'error']) {
    const value = fields.get(name);
    if (typeof value === 'string' && value !== '') {
      fields.remove(name);
      fields.set('exception', exceptionOfText(value));
      return;
    }
    if (isJsonObject(value)) {
      const { exception, rest } = readErrorObject(value);
      fields.set(name, rest);
      fields.flatten(name);
      fields.set('exception', name === 'exception' ? exception : withTexts(exception));
      return;
    }
    if (name === 'exception' && value !== undefined && value !== '') return;
    if (name === 'exception') fields.remove(name);
  }
  placeFlatException(fields);
}

/** A text of several lines is a stack trace, as Python's `exc_info` writes it; else a message. */
export function exceptionOfText(text: string): Record<string, unknown> {
  return text.trim().includes('\n') ? { stack: text } : { message: text };
}

/** What stands beside each other instead of in an object. */
export const flatExceptionNames = {
  type: ['exception.type', 'error.type'],
  message: ['exception.message', 'error.message'],
  stack: ['exception.stacktrace', 'exception.stack', 'error.stack_trace', 'error.stack'],
} as const;

function placeFlatException(fields: Fields): void {
  const type = fields.take(flatExceptionNames.type, asText);
  const message = fields.take(flatExceptionNames.message, asText);
  const stack = fields.take(flatExceptionNames.stack, asText);
  if (type === undefined && message === undefined && stack === undefined) return;
  fields.set('exception', { type, message, stack });
}

/** What loggers call the parts of an error, the first that there is. */
export const errorPartNames = {
  type: ['type', 'name', 'class'],
  message: ['message', 'msg'],
  stack: ['stack', 'stack_trace', 'stacktrace'],
} as const;

function readErrorObject(error: Record<string, unknown>) {
  const rest = new Fields(error);
  const type = rest.take(errorPartNames.type, asIs);
  const message = rest.take(errorPartNames.message, asIs);
  const stack = rest.take(errorPartNames.stack, asIs);
  const causes = rest.take(['causes'], asIs) ?? rest.take(['cause'], readCauses) ?? [];
  return { exception: { type, message, stack, causes }, rest: rest.toObject() };
}

/** A chain of `cause`, nearest first. Its length is bounded by the depth that an item may have. */
function readCauses(cause: unknown): Record<string, unknown>[] | undefined {
  if (typeof cause === 'string') return [exceptionOfText(cause)];
  if (!isJsonObject(cause)) return undefined;
  const { type, message, stack, causes } = readErrorObject(cause).exception;
  return [{ type: asText(type), message: asText(message), stack: asText(stack) }, ...(causes as [])];
}

function withTexts(exception: ReturnType<typeof readErrorObject>['exception']): Record<string, unknown> {
  const { type, message, stack, causes } = exception;
  return { type: asText(type), message: asText(message), stack: asText(stack), causes };
}

function asIs(value: unknown): unknown {
  return value;
}

function asText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
