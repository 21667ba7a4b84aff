import { toOwnTimes, type OwnTime, type SpanTiming } from './span-timing.ts';

/** How much the next span moves the mean once enough are known: the last hundred or so decide. */
const leastStep = 0.01;
/** Spans of an operation, before which nothing is said about it. */
const leastSeen = 2;
/** Operations that are remembered, at some 150 bytes each; the one seen longest ago goes first. */
const maxOperations = 20_000;

/**
 * How long operations usually take themselves: a fading mean of the logarithm for each (environment, service, span name).
 * Bounded; a process's own; it only ranks suspects.
 */
export class LatencyBaseline {
  /** In the order of their last span. */
  readonly #operations = new Map<string, { mean: number; seen: number }>();

  learn(spans: readonly SpanTiming[]): void {
    for (const { span, logMicros } of toOwnTimes(spans)) this.#learnOne(span, logMicros);
  }

  /** The natural logarithm of how many times its usual time a span took; undefined while that is not known. */
  shiftOf({ span, logMicros }: OwnTime): number | undefined {
    const known = this.#operations.get(nameOf(span));
    return known && known.seen >= leastSeen ? logMicros - known.mean : undefined;
  }

  #learnOne(span: SpanTiming, logMicros: number): void {
    const name = nameOf(span);
    const known = this.#operations.get(name) ?? { mean: 0, seen: 0 };
    this.#operations.delete(name);
    if (this.#operations.size >= maxOperations) {
      const oldest = this.#operations.keys().next();
      if (!oldest.done) this.#operations.delete(oldest.value);
    }
    const step = Math.max(leastStep, 1 / (known.seen + 1));
    this.#operations.set(name, { mean: known.mean + step * (logMicros - known.mean), seen: known.seen + 1 });
  }
}

const nameOf = ({ environment, service, name }: SpanTiming): string => `${environment}\0${service}\0${name}`;
