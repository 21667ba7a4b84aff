import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

/** What an application may add to an error. */
export interface ReportContext {
  /** One line; default: the error's message. */
  readonly message?: string;
  /** OpenTelemetry severity number, 1 to 24; default 17, ERROR. Ingest passes on 13 and above. */
  readonly severityNumber?: number;
  /** 32 hex digits. */
  readonly traceId?: string;
  /** 16 hex digits. */
  readonly spanId?: string;
  /** Anything else, as text. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Who reports: told of every record that does not say so itself. */
export interface Source {
  readonly service: string;
  readonly environment?: string;
  readonly release?: string;
}

const maxCauses = 10;
const maxTextLength = 32 * 1024;

/** An error, or whatever else was thrown, as an item for ingest. */
export function toRecord(error: unknown, context: ReportContext, source: Source): Record<string, unknown> {
  const { message, severityNumber = 17, traceId, spanId, attributes } = context;
  const [outermost, ...causes] = describeChain(error);
  return {
    ...identify(source),
    time: new Date().toISOString(),
    severityNumber,
    severityText: severityNumber >= 21 ? 'FATAL' : severityNumber >= 17 ? 'ERROR' : 'WARN',
    message: clip(message ?? outermost!.message),
    traceId,
    spanId,
    exception: { ...outermost, causes },
    attributes: attributes ?? {},
  };
}

/** A line of a logger as an item for ingest, which understands the names of common loggers. */
export function fromLogLine(line: Record<string, unknown>, source: Source): Record<string, unknown> {
  return { ...identify(source), ...line };
}

function identify({ service, environment, release }: Source): Record<string, unknown> {
  // With an id of its own, a record that is sent twice is counted once.
  return { signalId: randomUUID(), service, environment, release, host: hostname() };
}

interface Described {
  readonly type: string;
  readonly message: string;
  readonly stack?: string;
}

function describeChain(error: unknown): Described[] {
  const chain: Described[] = [];
  const seen = new Set<unknown>();
  let at = error;
  while (chain.length <= maxCauses && !seen.has(at)) {
    seen.add(at);
    chain.push(describe(at));
    if (!(at instanceof Error) || at.cause === undefined) break;
    at = at.cause;
  }
  return chain;
}

function describe(error: unknown): Described {
  if (!(error instanceof Error)) return { type: typeof error, message: clip(toText(error)) };
  // Whatever the types say: applications assign other things to these.
  const { message, stack } = error as { message: unknown; stack?: unknown };
  return {
    type: error.constructor?.name || error.name,
    message: clip(toText(message)),
    ...(typeof stack === 'string' ? { stack: clip(stack) } : {}),
  };
}

function toText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return JSON.stringify(value) ?? typeof value;
}

function clip(text: string): string {
  return text.length <= maxTextLength ? text : `${text.slice(0, maxTextLength)}…`;
}
