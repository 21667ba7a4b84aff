import type { FailureSignal, SignalKind, TimestampMicros } from '@prodsentinel/contracts';
import type { SourcePosition } from '../observe/intake.ts';
import type { SpanTiming } from '../observe/span-timing.ts';
import { toTraceId } from '../observe/trace-ids.ts';

/** What is kept of a signal that is no failure. Its text may hold secrets: they are removed when it is shown. */
export interface ContextSignal {
  readonly partition: number;
  readonly offset: number;
  readonly service: string;
  readonly spanId: string;
  readonly kind: SignalKind;
  readonly severityText: string;
  readonly release: string | null;
  readonly message: string;
  readonly occurredAt: TimestampMicros | null;
  /** Of spans that say how long they took. */
  readonly timing: SpanTiming | null;
}

export interface ContextRingOptions {
  /** Signals of all traces together, at most some 3 KB each. */
  readonly maxSignals: number;
  /** Told of a trace that is forgotten, when it has spans: by then all of it has come that was to come. */
  readonly onForgotten: (context: readonly ContextSignal[]) => void;
}

/** Signals of one trace; further ones are not kept. */
const maxSignalsPerTrace = 100;
const maxMessageChars = 1_024;
const maxNameChars = 200;

/**
 * The context of the most recent traces, for showing and for latencies, best effort: it enters no count, is lost with the
 * process, and the trace that began longest ago goes first.
 */
export class ContextRing {
  readonly #options: ContextRingOptions;
  /** In the order in which the traces began. */
  readonly #traces = new Map<string, ContextSignal[]>();
  #signals = 0;

  constructor(options: ContextRingOptions) {
    this.#options = options;
  }

  get signals(): number {
    return this.#signals;
  }

  /** Context without a trace id belongs to nothing and is not kept. */
  add(value: FailureSignal, position: SourcePosition): void {
    const traceId = toTraceId(value.traceId);
    if (traceId === '') return;
    const key = keyOf(value.environment, traceId);
    let trace = this.#traces.get(key);
    if (!trace) this.#traces.set(key, (trace = []));
    if (trace.length >= maxSignalsPerTrace) return;
    trace.push(toContext(value, position));
    this.#signals += 1;
    while (this.#signals > this.#options.maxSignals) this.#forgetOldest();
  }

  ofTrace(environment: string, traceId: string): readonly ContextSignal[] {
    return this.#traces.get(keyOf(environment, traceId)) ?? [];
  }

  #forgetOldest(): void {
    const [oldest] = this.#traces;
    if (!oldest) return;
    const [key, trace] = oldest;
    this.#traces.delete(key);
    this.#signals -= trace.length;
    if (trace.some(({ timing }) => timing !== null)) this.#options.onForgotten(trace);
  }
}

/** Whether there may have been more: what is missing from it says nothing. */
export const isCut = (context: readonly ContextSignal[]): boolean => context.length >= maxSignalsPerTrace;

export function spansOf(context: readonly ContextSignal[]): SpanTiming[] {
  return context.flatMap(({ timing }) => timing ?? []);
}

function toContext(value: FailureSignal, { partition, offset }: SourcePosition): ContextSignal {
  const service = shortened(value.service, maxNameChars);
  const spanId = toTraceId(value.spanId);
  const { span } = value;
  return {
    partition,
    offset,
    service,
    spanId,
    kind: value.kind === 'span' || value.kind === 'metric' ? value.kind : 'log',
    severityText: shortened(value.severityText ?? '', 32),
    release: value.release === null ? null : shortened(value.release, maxNameChars),
    message: shortened(value.message, maxMessageChars),
    occurredAt: value.occurredAt,
    timing:
      span === null || span.durationMicros === null || spanId === ''
        ? null
        : {
            environment: shortened(value.environment, maxNameChars),
            service,
            name: shortened(span.name, maxNameChars),
            spanId,
            parentSpanId: toTraceId(value.parentSpanId),
            durationMicros: span.durationMicros,
          },
  };
}

/** A copy when it has to be cut: a slice would keep the whole text alive. */
function shortened(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : Buffer.from(text.slice(0, maxChars)).toString();
}

const keyOf = (environment: string, traceId: string): string => `${environment}\0${traceId}`;
