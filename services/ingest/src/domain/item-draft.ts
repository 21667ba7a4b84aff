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

const slotCount = Object.keys(slots).length;
const unclaimed = 99;
const maxSignalIdBytes = 128;

/**
 * A signal while the fields of its item are looked at, one after the other. One draft serves all items, one at a time: its
 * lists would be half of what reading an item leaves to be collected.
 */
export class ItemDraft {
  readonly texts: (string | null)[] = Array.from({ length: slots.message + 1 }, () => null);
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
  #rest: Record<string, string> = {};
  readonly #ranks = Array.from({ length: slotCount }, () => unclaimed);
  readonly #names = Array.from({ length: slotCount }, () => '');
  readonly #values = Array.from<unknown>({ length: slotCount }).fill(undefined);

  /** Forgets the item before. */
  begin(): void {
    this.texts.fill(null);
    this.micros = null;
    this.level = undefined;
    this.severityNumber = 0;
    this.kind = signalKinds.fallback;
    this.exception = null;
    this.ownTrace = undefined;
    this.attributes = undefined;
    this.beside.length = 0;
    this.#rest = {};
    this.#ranks.fill(unclaimed);
  }

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
    const { texts } = this;
    const signalId = texts[slots.signalId];
    if (signalId && Buffer.byteLength(signalId) > maxSignalIdBytes) return undefined;
    return {
      signalId: signalId || null,
      traceId: texts[slots.traceId] || null,
      spanId: texts[slots.spanId]!,
      parentSpanId: texts[slots.parentSpanId]!,
      kind: this.kind,
      service: texts[slots.service] || 'unknown_service',
      environment: texts[slots.environment] || 'default',
      release: texts[slots.release]!,
      host: texts[slots.host]!,
      severityNumber: this.severityNumber || (this.level?.severityNumber ?? 0),
      severityText: this.level?.severityText ?? null,
      message: texts[slots.message] ?? '',
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
