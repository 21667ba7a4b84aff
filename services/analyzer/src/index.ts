// What evaluations and benchmarks measure: the same code that the observe stage runs.
export type { IntakeSignal } from './domain/observe/intake-signal.ts';
export type { FingerprintVersions } from './domain/observe/fingerprint-versions.ts';
export { fingerprintVersions } from './domain/observe/fingerprint-versions.ts';
export { readSignal, takeIn, type Intake, type IntakeSettings } from './domain/observe/intake.ts';
export { isFailure } from './domain/observe/failure-level.ts';
export { LatencyBaseline } from './domain/observe/latency-baseline.ts';
export { silentSuspects } from './domain/observe/silent-suspects.ts';
export { UsualLines, type SpanLine } from './domain/observe/usual-lines.ts';
export { slowSuspects } from './domain/observe/slow-suspects.ts';
export type { SpanTiming } from './domain/observe/span-timing.ts';
export { groupSignals } from './domain/observe/signal-groups.ts';
export { primaryOf } from './domain/observe/primary-fingerprint.ts';
export { SignalBaseline } from './domain/observe/signal-baseline.ts';
export { rankSuspects, type RankedSuspect } from './domain/observe/suspects.ts';
export { askAlone } from './diagnose/ask-alone.ts';
