import { Fields } from './fields.ts';
import { placeException } from './read-exception.ts';
import { readTime } from './read-time.ts';
import { readLevel, severityNumberOf } from './severity.ts';

/**
 * Gives the fields of an item the names of a `FailureSignal`, from those that common loggers and shippers use (pino,
 * winston, Python's logging, ECS, OpenTelemetry, Fluent Bit, GELF). A field that already has its proper name wins; what is
 * no alias, or cannot be read as what it would stand for, stays and becomes an attribute.
 */
export function toCanonicalFields(item: object): Record<string, unknown> {
  const fields = new Fields(item);
  // Ours to say, whatever the sender claims.
  fields.remove('receivedAt');
  placeException(fields);
  placeTexts(fields);
  placeTime(fields);
  placeSeverity(fields);
  return fields.toObject();
}

/** Texts by their names, and the other names that they are read from, the first that there is. */
export const textAliases = {
  signalId: ['signal_id'],
  traceId: ['trace_id', 'trace.id'],
  spanId: ['span_id', 'span.id'],
  environment: ['deployment.environment.name', 'deployment.environment'],
  release: ['service.version'],
  host: ['host.name', 'hostname'],
  service: ['service.name', 'service_name', 'app', 'name'],
  message: ['msg', 'log', 'short_message'],
} as const;

export const timeAliases = ['timestamp', '@timestamp', 'time', 'ts', 'date'] as const;

export const levelAliases = ['level', 'severity', 'levelname', 'log.level'] as const;

function placeTexts(fields: Fields): void {
  for (const [name, aliases] of Object.entries(textAliases)) {
    // ECS has an object where we have a text: `service: {name}`, `host: {name}`.
    const isEcsObject =
      typeof fields.get(name) === 'object' && aliases.some((alias) => alias.startsWith(`${name}.`));
    if (fields.has(name) && !isEcsObject) continue;
    const text = fields.take(aliases, readText);
    if (isEcsObject) fields.flatten(name);
    if (text !== undefined) fields.set(name, text);
  }
}

function placeTime(fields: Fields): void {
  if (fields.has('occurredAt')) return;
  const micros = fields.take(timeAliases, readTime);
  if (micros !== undefined) fields.set('occurredAt', micros);
}

function placeSeverity(fields: Fields): void {
  const hasNumber = fields.has('severityNumber') && fields.get('severityNumber') !== 0;
  const text = fields.get('severityText');
  if (text !== undefined) {
    if (!hasNumber && typeof text === 'string') fields.set('severityNumber', severityNumberOf(text));
    return;
  }
  const level = fields.take(levelAliases, readLevel);
  if (!level) return;
  fields.set('severityText', level.severityText);
  if (!hasNumber) fields.set('severityNumber', level.severityNumber);
}

export function readText(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
