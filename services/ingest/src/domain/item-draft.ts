import { signalKinds, type ExceptionInfo, type FailureSignal } from '@prodsentinel/contracts';
import { severityNumberOf, type Level } from './severity.ts';
import type { TraceContext } from './trace-context.ts';

/** What is said once, however many names it goes by. */
export const slots = {
  signalId: 0,
  traceId: 1,
  spanId: 2,
  parentSpanId: 3,
  service: 4,
  environment: 5,
  release: 6,
  host: 7,
  message: 8,
  occurredAt: 9,
  severityText: 10,
} as const;
export type Slot = (typeof slots)[keyof typeof slots];

const unclaimed = 99;
const maxSignalIdBytes = 128;

/** A signal while the fields of its item are looked at, one after the other. */
export class ItemDraft {
  readonly texts: (string | null)[] = [null, null, null, null, null, null, null, null, null];
  micros: number | null = null;
  level: Level | undefined;
  severityNumber = 0;
  kind: string = signalKinds.fallback;
  exception: ExceptionInfo | null = null;
  ownTrace: TraceContext | undefined;
  /** What `attributes` of the item holds. */
  attributes: Record<string, unknown> | undefined;
  /** What an error object held besides, by its name here. */
  readonly beside: [name: string, value: unknown][] = [];
  readonly #rest: Record<string, string> = {};
  readonly #ranks = [99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99];
  readonly #names: string[] = [];
  readonly #values: unknown[] = [];

  /**
   * Claims a slot for a field; the field of the lower rank has it, the other one becomes an attribute.
   *
   * @returns whether it has it, for now
   */
  claim(slot: Slot, rank: number, name: string, value: unknown): boolean {
    const holder = this.#ranks[slot]!;
    if (rank > holder) {
      this.addRest(name, value);
      return false;
    }
    if (holder !== unclaimed) this.addRest(this.#names[slot]!, this.#values[slot]);
    this.#ranks[slot] = rank;
    this.#names[slot] = name;
    this.#values[slot] = value;
    return true;
  }

  /** @throws RangeError when the value is nested too deeply */
  addRest(name: string, value: unknown): void {
    this.#rest[name] = typeof value === 'string' ? value : JSON.stringify(value);
  }

  /** Undefined: the id is too long. */
  toSignal(): FailureSignal | undefined {
    const [signalId, traceId, spanId, parentSpanId, service, environment, release, host, message] =
      this.texts;
    if (signalId && Buffer.byteLength(signalId) > maxSignalIdBytes) return undefined;
    return {
      signalId: signalId || null,
      traceId: traceId || null,
      spanId: spanId!,
      parentSpanId: parentSpanId!,
      kind: this.kind,
      service: service || 'unknown_service',
      environment: environment || 'default',
      release: release!,
      host: host!,
      severityNumber: this.severityNumber || (this.level?.severityNumber ?? 0),
      severityText: this.level?.severityText ?? null,
      message: message ?? '',
      exception: this.exception,
      span: null,
      metric: null,
      attributes: this.#allAttributes(),
      fingerprint: null,
      occurredAt: this.micros,
      receivedAt: null,
    };
  }

  #allAttributes(): Record<string, string> {
    for (const [name, value] of this.beside) this.addRest(name, value);
    const { attributes } = this;
    if (attributes) {
      for (const name of Object.keys(attributes)) {
        const value = attributes[name];
        if (value !== null && value !== undefined) this.addRest(name, value);
      }
    }
    return this.#rest;
  }
}

/** A severity as its text says it. */
export function levelOfText(severityText: string): Level {
  return { severityText, severityNumber: severityNumberOf(severityText) };
}
