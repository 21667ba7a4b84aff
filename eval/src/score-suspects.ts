import {
  groupSignals,
  isFailure,
  LatencyBaseline,
  primaryOf,
  rankSuspects,
  readSignal,
  SignalBaseline,
  silentSuspects,
  slowSuspects,
  UsualLines,
  type IntakeSignal,
  type SpanLine,
  type SpanTiming,
} from '@prodsentinel/analyzer';
import type { Suspect } from '@prodsentinel/contracts';
import type { Fault } from './read-faults.ts';
import type { TimedLog, TimedSpan } from './read-telemetry.ts';

/** A fault's window: three minutes from its injection. */
export const faultWindowMs = 3 * 60 * 1000;

export interface Usual {
  readonly failures: SignalBaseline;
  readonly latencies: LatencyBaseline;
  readonly lines: UsualLines;
}

/** The place of the injected service among those suspected, and the ranking. */
export interface FaultResult extends Fault {
  /** From 1; null when the injected service is not suspected. */
  readonly rank: number | null;
  /** Each service once, by its best suspect. */
  readonly services: readonly string[];
  readonly suspects: readonly Suspect[];
}

/** What is usual, from telemetry of a time without faults: all of it counts as now. */
export function learnUsual(logs: readonly TimedLog[], spans: readonly TimedSpan[]): Usual {
  const failures = new SignalBaseline();
  for (const log of logs) {
    const signal = toFailure(log);
    if (signal) failures.learn(signal, 0);
    else failures.learnContext(1, 0);
  }
  const latencies = new LatencyBaseline();
  const timings = spans.map(({ timing }) => timing);
  latencies.learn(timings);
  const lines = new UsualLines();
  lines.learn(timings, toLines(logs));
  return { failures, latencies, lines };
}

/** Ranks as the product does, over everything in the fault's window at once. */
export function scoreFault(
  fault: Fault,
  telemetry: { logs: readonly TimedLog[]; spans: readonly TimedSpan[] },
  usual: Usual,
): FaultResult {
  const isInside = ({ atMs }: { atMs: number }) => atMs >= fault.atMs && atMs < fault.atMs + faultWindowMs;
  const logs = telemetry.logs.filter(isInside);
  const timings: SpanTiming[] = telemetry.spans.filter(isInside).map(({ timing }) => timing);
  const signals = logs.map(toFailure).filter((signal) => signal !== undefined);
  const groups = groupSignals(signals);
  const compared = { baseline: usual.failures, records: logs.length, atMs: 0 };
  const failing =
    groups.length > 0 ? rankSuspects(groups, primaryOf(groups), compared).map(({ suspect }) => suspect) : [];
  const suspects = [
    ...failing,
    ...slowSuspects(timings, usual.latencies),
    ...silentSuspects(timings, toLines(logs), usual.lines),
  ].toSorted((a, b) => b.score - a.score);
  const services = [...new Set(suspects.map(({ service }) => service))];
  const place = services.indexOf(fault.service);
  return { ...fault, rank: place < 0 ? null : place + 1, services, suspects };
}

export interface Shares {
  readonly faults: number;
  readonly at1: number;
  readonly at3: number;
  readonly at5: number;
}

/** The shares of faults whose service is among the first 1, 3 and 5; 0 of no faults. */
export function toShares(results: readonly FaultResult[]): Shares {
  const within = (places: number) =>
    results.filter(({ rank }) => rank !== null && rank <= places).length / Math.max(1, results.length);
  return { faults: results.length, at1: within(1), at3: within(3), at5: within(5) };
}

const noServices: ReadonlySet<string> = new Set();

function toLines(logs: readonly TimedLog[]): SpanLine[] {
  return logs.flatMap(({ value, line, atMs }) => {
    if (isFailure(value) || !value.spanId) return [];
    const position = { partition: 0, offset: line, appendedAtMs: atMs };
    const { service, spanId, template } = readSignal(value, position, { knownServices: noServices });
    return { service, spanId, template };
  });
}

function toFailure({ value, line, atMs }: TimedLog): IntakeSignal | undefined {
  if (!isFailure(value)) return undefined;
  return readSignal(value, { partition: 0, offset: line, appendedAtMs: atMs }, { knownServices: noServices });
}
