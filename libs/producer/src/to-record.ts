import { clip, readSafely, toText } from './bounded-text.ts';
import { identify, type RecordSettings } from './source.ts';

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

const maxCauses = 10;

/** An error, or whatever else was thrown, as an item for ingest. */
export function toRecord(
  error: unknown,
  context: ReportContext,
  { source, maxTextLength }: RecordSettings,
): Record<string, unknown> {
  const { message, severityNumber = 17, traceId, spanId, attributes } = context;
  const [outermost, ...causes] = describeChain(error, maxTextLength);
  return {
    ...identify(source),
    time: new Date().toISOString(),
    severityNumber,
    severityText: severityNumber >= 21 ? 'FATAL' : severityNumber >= 17 ? 'ERROR' : 'WARN',
    message: clip(message ?? outermost!.message, maxTextLength),
    traceId,
    spanId,
    exception: { ...outermost, causes },
    attributes: { ...describeCode(error), ...attributes },
  };
}

interface Described {
  readonly type: string;
  readonly message: string;
  readonly stack?: string;
}

function describeChain(error: unknown, maxTextLength: number): Described[] {
  const chain: Described[] = [];
  const seen = new Set<unknown>();
  let at = error;
  while (chain.length <= maxCauses && !seen.has(at)) {
    seen.add(at);
    chain.push(describe(at, maxTextLength));
    const next = nextCause(at);
    if (next === undefined) break;
    at = next;
  }
  return chain;
}

/** Its cause; of several at once (`AggregateError`) the first. */
function nextCause(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined;
  const cause = readSafely(() => error.cause);
  if (cause !== undefined || !(error instanceof AggregateError)) return cause;
  return readSafely(() => (error.errors as unknown[])[0]);
}

function describe(error: unknown, maxTextLength: number): Described {
  if (!(error instanceof Error)) return { type: typeof error, message: toText(error, maxTextLength) };
  // Whatever the types say: applications assign other things to these, and getters that throw.
  const type = readSafely(() => error.constructor.name as unknown) || readSafely(() => error.name as unknown);
  const message = readSafely(() => error.message as unknown);
  const stack = readSafely(() => error.stack as unknown);
  return {
    type: clip(typeof type === 'string' ? type : 'Error', maxTextLength),
    message: toText(message ?? '', maxTextLength),
    ...(typeof stack === 'string' ? { stack: clip(stack, maxTextLength) } : {}),
  };
}

/** Errors of Node and of most libraries say in `code` what went wrong (ECONNREFUSED, 23505). */
function describeCode(error: unknown): Record<string, string> {
  const code = readSafely(() => (error as { code?: unknown } | null)?.code);
  return typeof code === 'string' || typeof code === 'number'
    ? { 'exception.code': clip(String(code), 256) }
    : {};
}
