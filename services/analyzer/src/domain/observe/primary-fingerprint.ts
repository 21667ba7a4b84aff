import { AppError } from '@prodsentinel/kernel';
import type { IntakeSignal } from './intake-signal.ts';
import { groupSignals, type SignalGroup } from './signal-groups.ts';
import { compareSignals } from './signal-order.ts';

/**
 * The signal that most likely shows where the failures of a window began: its fingerprint is the window's. A pure function
 * of the set of signals, whatever their order.
 *
 * Each rule keeps those that pass it, unless none does: no failing span below; names no other service that failed by itself
 * here; does more than pass on that a call failed; the worst severity; the deepest. What is left is decided by time, then by
 * a total order.
 *
 * @throws AppError `bug` when there is no signal
 */
export function choosePrimary(signals: readonly IntakeSignal[]): IntakeSignal {
  if (signals.length === 1) return signals[0]!;
  return primaryOf(groupSignals(signals));
}

/** The same, of groups that have been made already. */
export function primaryOf(groups: readonly SignalGroup[]): IntakeSignal {
  if (groups.length === 0) throw new AppError('bug', 'a window without signals has no primary one');
  let left = groups.filter(({ hasFailureBelow }) => !hasFailureBelow);
  if (left.length === 0) left = [...groups];
  left = preferring(left, ({ isCleared }) => !isCleared);
  left = preferring(left, ({ isRelay }) => !isRelay);
  const worst = Math.min(...new Set(left.map(({ rank }) => rank)));
  left = preferring(left, ({ rank }) => rank === worst);
  const deepest = Math.max(...new Set(left.map(({ depth }) => depth)));
  left = preferring(left, ({ depth }) => depth === deepest);
  return left.map(({ exemplar }) => exemplar).reduce((a, b) => (compareSignals(a, b) <= 0 ? a : b));
}

/** Those that pass; all of them when none does. */
function preferring(groups: SignalGroup[], passes: (group: SignalGroup) => boolean): SignalGroup[] {
  const passing = groups.filter(passes);
  return passing.length > 0 ? passing : groups;
}
