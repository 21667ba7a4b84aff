import type { IntakeSignal } from './intake-signal.ts';

/**
 * A total order over the signals of a window that does not depend on how they arrived: time of occurrence (append time where
 * the producer gave none), then service, template, partition and offset.
 */
export function compareSignals(a: IntakeSignal, b: IntakeSignal): number {
  return (
    occurredAtMicros(a) - occurredAtMicros(b) ||
    compareTexts(a.service, b.service) ||
    compareTexts(a.template, b.template) ||
    a.partition - b.partition ||
    a.offset - b.offset
  );
}

/** When a signal happened, as far as is known, in microseconds since 1970. */
export function occurredAtMicros({ occurredAt, appendedAtMs }: IntakeSignal): number {
  return occurredAt ?? appendedAtMs * 1000;
}

/** By code units: the same in every process, unlike a locale's order. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
