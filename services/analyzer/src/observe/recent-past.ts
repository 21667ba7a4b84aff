import type { IncomingRecord } from '@prodsentinel/messaging';
import { LatencyBaseline } from '../domain/observe/latency-baseline.ts';
import { SignalBaseline } from '../domain/observe/signal-baseline.ts';
import type { Surroundings } from '../domain/observe/surroundings.ts';
import { linesOf } from '../domain/observe/span-lines.ts';
import { UsualLines } from '../domain/observe/usual-lines.ts';
import { ContextRing, isCut, spansOf, type ContextSignal } from '../domain/windows/context-ring.ts';
import type { SummarisedWindow } from '../domain/windows/observation.ts';
import type { ClosedWindow } from '../domain/windows/window.ts';

/**
 * What this process remembers of what it read: context, usual failures, latencies and lines. All of it is bounded, best
 * effort and its own: a process that starts knows nothing and ranks by the window alone.
 */
export class RecentPast {
  readonly #failures = new SignalBaseline();
  readonly #latencies = new LatencyBaseline();
  readonly #lines = new UsualLines();
  readonly #context: ContextRing;
  readonly #knownServices: ReadonlySet<string>;

  /** @param options `knownServices`: as masking knows them */
  constructor(options: { maxContextSignals: number; knownServices: ReadonlySet<string> }) {
    this.#knownServices = options.knownServices;
    this.#context = new ContextRing({
      maxSignals: options.maxContextSignals,
      onForgotten: (context) => this.#learnContext(context),
    });
  }

  addContext({ value, partition, offset, timestampMs }: IncomingRecord<'failures'>): void {
    this.#context.add(value, { partition, offset, appendedAtMs: timestampMs });
    this.#failures.learnContext(1, timestampMs);
  }

  around({ environment, traceId }: ClosedWindow): Surroundings {
    const context = traceId === '' ? [] : this.#context.ofTrace(environment, traceId);
    return {
      failures: this.#failures,
      latencies: this.#latencies,
      lines: this.#lines,
      context,
      knownServices: this.#knownServices,
    };
  }

  /** Once a window has been ranked, so that it is not compared with itself. */
  learn({ window, summary: { environment, signature } }: SummarisedWindow): void {
    for (const { service, template, count } of signature)
      this.#failures.learn({ environment, service, template }, window.lastAppendedAtMs, count);
  }

  #learnContext(context: readonly ContextSignal[]): void {
    const spans = spansOf(context);
    this.#latencies.learn(spans);
    if (!isCut(context)) this.#lines.learn(spans, linesOf(context, this.#knownServices));
  }
}
