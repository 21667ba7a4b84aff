import { describeError } from '@prodsentinel/kernel';
import { done, held, type BatchHandler, type IncomingRecord, type Outcome } from '@prodsentinel/messaging';
import type { IntakeSignal } from '../domain/observe/intake-signal.ts';
import { takeIn, type IntakeSettings } from '../domain/observe/intake.ts';
import type { ObserveMetrics } from './observe-metrics.ts';
import type { OpenWindows } from './open-windows.ts';
import type { RecentPast } from './recent-past.ts';
import type { SignalClaim, SignalClaims } from './signal-claims.ts';

export interface ObserveStepDependencies {
  readonly intake: IntakeSettings;
  readonly claims: SignalClaims;
  readonly windows: OpenWindows;
  readonly past: RecentPast;
  readonly metrics: ObserveMetrics;
  /** Told of a reason while repeated sends may count twice, and of undefined when they are recognised again. */
  readonly onClaimsAvailability: (reason: string | undefined) => void;
  readonly maxRecords: number;
}

interface FailureRecord {
  readonly index: number;
  readonly record: IncomingRecord<'failures'>;
  readonly signal: IntakeSignal;
}

/**
 * From records of `failures` to open windows: context is finished at once, a repeated send too; a new failure is held
 * until the observation that counts it is acknowledged. Nothing here fails for a record that could be decoded.
 */
export function createObserveStep(dependencies: ObserveStepDependencies): BatchHandler<'failures'> {
  const { intake, windows, past, metrics, maxRecords } = dependencies;
  return {
    mode: 'batch',
    // While the claims of one batch are on their way, another is taken in.
    concurrency: 2,
    maxRecords,
    async handle(records) {
      windows.read(records);
      const outcomes: Outcome[] = records.map(() => done);
      const failures: FailureRecord[] = [];
      for (let index = 0; index < records.length; index++) {
        const record = records[index]!;
        const taken = takeIn(record.value, toPosition(record), intake);
        if (taken.kind === 'failure') failures.push({ index, record, signal: taken.signal });
        else past.addContext(record);
      }
      metrics.context(records.length - failures.length);
      const counts = await claimAll(dependencies, failures);
      for (let i = 0; i < failures.length; i++) {
        if (!counts[i]) continue;
        const { index, record, signal } = failures[i]!;
        windows.add(signal, record.epoch);
        outcomes[index] = held;
      }
      return outcomes;
    },
  };
}

/** Without Redis every failure counts: a repeated send may then count twice, a lost one never comes back. */
async function claimAll(
  { claims, metrics, onClaimsAvailability }: ObserveStepDependencies,
  failures: readonly FailureRecord[],
): Promise<boolean[]> {
  const counts = failures.map(() => true);
  const { indexes, claimed } = toClaims(failures);
  if (claimed.length > 0) {
    try {
      const answers = await claims.claim(claimed);
      for (let i = 0; i < indexes.length; i++) counts[indexes[i]!] = answers[i] ?? true;
      onClaimsAvailability(undefined);
    } catch (error) {
      onClaimsAvailability(`repeated sends may count twice: ${describeError(error)}`);
      metrics.unclaimed(claimed.length);
    }
  }
  const counted = counts.filter(Boolean).length;
  metrics.failures(counted);
  metrics.duplicates(counts.length - counted);
  return counts;
}

/** Claims of the failures that have an id, and which failures those are. */
function toClaims(failures: readonly FailureRecord[]): { indexes: number[]; claimed: SignalClaim[] } {
  const indexes: number[] = [];
  const claimed: SignalClaim[] = [];
  for (let i = 0; i < failures.length; i++) {
    const { record, signal } = failures[i]!;
    const { signalId } = record.value;
    if (!signalId) continue;
    indexes.push(i);
    claimed.push({ environment: signal.environment, signalId, position: sourcePosition(record) });
  }
  return { indexes, claimed };
}

/** A redriven dead letter acts where it first was, and is finished where it was read. */
function toPosition({ partition, offset, timestampMs, source }: IncomingRecord) {
  if (source === undefined) return { partition, offset, appendedAtMs: timestampMs };
  return { partition, offset: source.offset, appendedAtMs: source.timestampMs, readAt: offset };
}

function sourcePosition(record: IncomingRecord): string {
  const { topic, partition, timestampMs, offset } = record.source ?? record;
  return `${topic}/${partition}/${timestampMs}/${offset}`;
}
