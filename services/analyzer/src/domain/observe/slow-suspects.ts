import type { Suspect } from '@prodsentinel/contracts';
import type { LatencyBaseline } from './latency-baseline.ts';
import { redactSecrets } from './redact-secrets.ts';
import { toOwnTimes, type SpanTiming } from './span-timing.ts';

/** A service is a suspect from half as much again as its usual time on. */
const leastShift = Math.log(1.5);
/** Spans of a service, so that one that happened to wait accuses nobody. */
const leastSpans = 3;
/** More than seven times its usual time is as suspicious as it gets. */
const greatestShift = 2;

/**
 * Services whose own spans took much longer than usual, beside the other services of the same traces: when everything is
 * slow, nobody is. The score is the logarithm of the factor over 2, at most 1.
 */
export function slowSuspects(spans: readonly SpanTiming[], baseline: LatencyBaseline): Suspect[] {
  const services = new Map<string, { sum: number; count: number; slowest: string; greatest: number }>();
  for (const own of toOwnTimes(spans)) {
    const shift = baseline.shiftOf(own);
    if (shift === undefined) continue;
    const { service, name } = own.span;
    const known = services.get(service) ?? { sum: 0, count: 0, slowest: name, greatest: -Infinity };
    known.sum += shift;
    known.count += 1;
    if (shift > known.greatest) [known.slowest, known.greatest] = [name, shift];
    services.set(service, known);
  }
  const usual = medianOf([...services.values()].map(({ sum, count }) => sum / count));
  return [...services].flatMap(([service, { sum, count, slowest }]) => {
    const shift = sum / count - usual;
    if (count < leastSpans || shift < leastShift) return [];
    const times = Math.exp(shift).toFixed(1);
    return {
      service,
      template: `slow: ${redactSecrets(slowest).text}`,
      score: Math.round(Math.min(1, shift / greatestShift) * 1000) / 1000,
      why: `${count} spans took ${times} times as long as usual beside the other services`,
    };
  });
}

/** Of two the lower one, so that of two services one can be slow; of one service 0: there is nothing beside it. */
function medianOf(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
