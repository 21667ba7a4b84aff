import type { SignalKind } from '@prodsentinel/contracts';
import type { IntakeSignal } from '../observe/intake-signal.ts';
import type { TextPages } from './text-pages.ts';

/** What the signals of a window usually have in common, kept once for all of them. */
export type Common = Pick<
  IntakeSignal,
  | 'partition'
  | 'environment'
  | 'traceId'
  | 'parentSpanId'
  | 'service'
  | 'release'
  | 'severityNumber'
  | 'severityText'
  | 'kind'
  | 'exceptionType'
  | 'fingerprint'
  | 'fingerprintParts'
  | 'template'
  | 'redactions'
> & {
  readonly problemType: string;
  /** Only there when it is not null: it takes no room while there is one version of the algorithm. */
  readonly previousFingerprint?: string;
};

export function commonOf(signal: IntakeSignal): Common {
  const common: Common = {
    partition: signal.partition,
    environment: signal.environment,
    traceId: signal.traceId,
    parentSpanId: signal.parentSpanId,
    service: signal.service,
    release: signal.release,
    severityNumber: signal.severityNumber,
    severityText: signal.severityText,
    kind: signal.kind,
    exceptionType: signal.exceptionType,
    fingerprint: signal.fingerprint,
    fingerprintParts: signal.fingerprintParts,
    template: signal.template,
    redactions: signal.redactions,
    problemType: signal.problem.type,
  };
  const { previousFingerprint } = signal;
  return previousFingerprint === null ? common : { ...common, previousFingerprint };
}

/** Whether a signal has all of this; what varies most is asked for first. */
export function isCommonTo(common: Common, signal: IntakeSignal): boolean {
  return (
    common.fingerprint === signal.fingerprint &&
    (common.previousFingerprint ?? null) === signal.previousFingerprint &&
    common.parentSpanId === signal.parentSpanId &&
    common.template === signal.template &&
    common.fingerprintParts === signal.fingerprintParts &&
    common.service === signal.service &&
    common.release === signal.release &&
    common.exceptionType === signal.exceptionType &&
    common.problemType === signal.problem.type &&
    common.severityNumber === signal.severityNumber &&
    common.severityText === signal.severityText &&
    common.kind === signal.kind &&
    common.redactions === signal.redactions &&
    common.traceId === signal.traceId &&
    common.environment === signal.environment &&
    common.partition === signal.partition
  );
}

const half = 2 ** 26;
const noTime = -1;
const sameAsMessage = -1;

/**
 * A signal as it waits in an open window: two small objects instead of some ten, as each would be copied by the garbage
 * collection. Times are kept in halves because V8 makes an object of a number above 31 bits; texts stand on a page and are
 * read from it when somebody asks, which is for the few signals that are shown.
 */
export class KeptSignal implements IntakeSignal {
  readonly offset: number;
  readonly spanId: string;
  readonly #common: Common;
  readonly #page: Buffer;
  readonly #start: number;
  readonly #messageEnd: number;
  readonly #stackEnd: number;
  readonly #problemEnd: number;
  readonly #appendedHigh: number;
  readonly #appendedLow: number;
  readonly #occurredHigh: number;
  readonly #occurredLow: number;

  constructor(signal: IntakeSignal, common: Common, pages: TextPages) {
    const { message, stack, problem, appendedAtMs, occurredAt } = signal;
    this.offset = signal.offset;
    this.spanId = signal.spanId;
    this.#common = common;
    this.#page = pages.turnTo(message.length + (stack?.length ?? 0) + problem.message.length);
    this.#start = pages.used;
    pages.write(message);
    this.#messageEnd = pages.used;
    if (stack !== null) pages.write(stack);
    this.#stackEnd = pages.used;
    const isMessage = problem.message === message;
    if (!isMessage) pages.write(problem.message);
    this.#problemEnd = isMessage ? sameAsMessage : pages.used;
    this.#appendedHigh = Math.floor(appendedAtMs / half);
    this.#appendedLow = appendedAtMs - this.#appendedHigh * half;
    this.#occurredHigh = occurredAt === null ? 0 : Math.floor(occurredAt / half);
    this.#occurredLow = occurredAt === null ? noTime : occurredAt - this.#occurredHigh * half;
  }

  get message(): string {
    return this.#page.toString('utf8', this.#start, this.#messageEnd);
  }

  /** Never empty: an empty one is none. */
  get stack(): string | null {
    return this.#stackEnd === this.#messageEnd
      ? null
      : this.#page.toString('utf8', this.#messageEnd, this.#stackEnd);
  }

  get problem(): IntakeSignal['problem'] {
    const isMessage = this.#problemEnd === sameAsMessage;
    const message = isMessage ? this.message : this.#page.toString('utf8', this.#stackEnd, this.#problemEnd);
    return { type: this.#common.problemType, message };
  }

  get appendedAtMs(): number {
    return this.#appendedHigh * half + this.#appendedLow;
  }

  get occurredAt(): number | null {
    return this.#occurredLow === noTime ? null : this.#occurredHigh * half + this.#occurredLow;
  }

  get partition(): number {
    return this.#common.partition;
  }

  get environment(): string {
    return this.#common.environment;
  }

  get traceId(): string {
    return this.#common.traceId;
  }

  get parentSpanId(): string {
    return this.#common.parentSpanId;
  }

  get service(): string {
    return this.#common.service;
  }

  get release(): string | null {
    return this.#common.release;
  }

  get severityNumber(): number {
    return this.#common.severityNumber;
  }

  get severityText(): string {
    return this.#common.severityText;
  }

  get kind(): SignalKind {
    return this.#common.kind;
  }

  get exceptionType(): string | null {
    return this.#common.exceptionType;
  }

  get fingerprint(): string {
    return this.#common.fingerprint;
  }

  get previousFingerprint(): string | null {
    return this.#common.previousFingerprint ?? null;
  }

  get fingerprintParts(): IntakeSignal['fingerprintParts'] {
    return this.#common.fingerprintParts;
  }

  get template(): string {
    return this.#common.template;
  }

  get redactions(): IntakeSignal['redactions'] {
    return this.#common.redactions;
  }
}
