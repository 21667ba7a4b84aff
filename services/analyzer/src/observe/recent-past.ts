import type { IncomingRecord } from '@prodsentinel/messaging';
import { LatencyBaseline } from '../domain/observe/latency-baseline.ts';
import { SignalBaseline } from '../domain/observe/signal-baseline.ts';
import type { Surroundings } from '../domain/observe/surroundings.ts';
import { ContextRing } from '../domain/windows/context-ring.ts';
import type { SummarisedWindow } from '../domain/windows/observation.ts';
import type { ClosedWindow } from '../domain/windows/window.ts';

/**
 * What this process remembers of what it read: context, usual failures and usual latencies. All of it is bounded, best
 * effort and its own: a process that starts knows nothing and ranks by the window alone.
 */
export class RecentPast {
  readonly #failures = new SignalBaseline();
  readonly #latencies = new LatencyBaseline();
  readonly #context: ContextRing;

  constructor({ maxContextSignals }: { maxContextSignals: number }) {
    this.#context = new ContextRing({
      maxSignals: maxContextSignals,
      onForgotten: (spans) => this.#latencies.learn(spans),
    });
  }

  addContext({ value, partition, offset, timestampMs }: IncomingRecord<'failures'>): void {
    this.#context.add(value, { partition, offset, appendedAtMs: timestampMs });
    this.#failures.learnContext(1, timestampMs);
  }

  around({ environment, traceId }: ClosedWindow): Surroundings {
    const context = traceId === '' ? [] : this.#context.ofTrace(environment, traceId);
    return { failures: this.#failures, latencies: this.#latencies, context };
  }

  /** Once a window has been ranked, so that it is not compared with itself. */
  learn({ window, summary: { environment, signature } }: SummarisedWindow): void {
    for (const { service, template, count } of signature)
      this.#failures.learn({ environment, service, template }, window.lastAppendedAtMs, count);
  }
}
