import type { ContextSignal } from '../windows/context-ring.ts';
import type { LatencyBaseline } from './latency-baseline.ts';
import type { SignalBaseline } from './signal-baseline.ts';
import type { UsualLines } from './usual-lines.ts';

/** What a process knows beside a window: for the ranking and for showing, never for a decision. */
export interface Surroundings {
  readonly failures: SignalBaseline;
  readonly latencies: LatencyBaseline;
  readonly lines: UsualLines;
  /** Of the window's trace, as far as it is still remembered. */
  readonly context: readonly ContextSignal[];
  /** As masking knows them. */
  readonly knownServices: ReadonlySet<string>;
}
