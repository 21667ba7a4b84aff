import type { FingerprintPart, SignalKind, TimestampMicros } from '@prodsentinel/contracts';

/**
 * What is kept of a failure signal while its window is open: no more than closing the window needs. All text is storable
 * and free of secrets.
 */
export interface IntakeSignal {
  readonly partition: number;
  readonly offset: number;
  /** Kafka's append time, milliseconds since 1970. */
  readonly appendedAtMs: number;
  /** The offset of the record that brought it again, when it is a redriven dead letter. */
  readonly readAt?: number;
  /** Never empty. */
  readonly environment: string;
  /** Lower case; empty when the producer gave none. */
  readonly traceId: string;
  /** Lower case; empty when the producer gave none. */
  readonly spanId: string;
  readonly parentSpanId: string;
  /** Never empty. */
  readonly service: string;
  readonly release: string | null;
  /** OpenTelemetry number, 0 to 24; 0 is unknown. */
  readonly severityNumber: number;
  readonly severityText: string;
  readonly kind: SignalKind;
  /** What the producer said, with the exception on a line of its own unless the message already names it. */
  readonly message: string;
  /** Type of the outermost exception, the one that was logged. */
  readonly exceptionType: string | null;
  readonly stack: string | null;
  /** By the producer's clock; null when absent, zero or negative (unset). */
  readonly occurredAt: TimestampMicros | null;
  /** The version of the algorithm, a colon and 32 hex digits. */
  readonly fingerprint: string;
  /** The same by the version before; null when there is none, or when it says the same (the caller's own). */
  readonly previousFingerprint: string | null;
  readonly fingerprintParts: readonly FingerprintPart[];
  /** The masked message. */
  readonly template: string;
  /** The innermost exception that has a type, else what the producer said: what names the problem. */
  readonly problem: { readonly type: string; readonly message: string };
  /** Secrets that were removed, by kind. */
  readonly redactions: Readonly<Record<string, number>>;
}
