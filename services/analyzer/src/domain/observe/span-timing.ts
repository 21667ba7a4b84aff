/** One span, as far as latency is concerned. */
export interface SpanTiming {
  readonly environment: string;
  readonly service: string;
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly durationMicros: number;
}

/** A span's own time, in natural logarithms of microseconds: a delay multiplies, whatever the operation usually takes. */
export interface OwnTime {
  readonly span: SpanTiming;
  readonly logMicros: number;
}

/**
 * How long each span took itself, without the spans below it that are known, so that a slow callee does not make its callers
 * slow. A span that was sent twice is one. Children that run at the same time can take more than their parent: then it took
 * the least there is.
 */
export function toOwnTimes(spans: readonly SpanTiming[]): OwnTime[] {
  const once = new Map(spans.map((span) => [`${span.service}\0${span.spanId}`, span]));
  const below = new Map<string, number>();
  for (const { parentSpanId, durationMicros } of once.values()) {
    if (parentSpanId !== '') below.set(parentSpanId, (below.get(parentSpanId) ?? 0) + durationMicros);
  }
  return Array.from(once.values(), (span) => ({
    span,
    logMicros: Math.log(Math.max(leastMicros, span.durationMicros - (below.get(span.spanId) ?? 0))),
  }));
}

/** Below it, clocks decide. */
const leastMicros = 50;
