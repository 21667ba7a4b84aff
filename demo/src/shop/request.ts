import { emptyRecord, type FailureSignal } from '@prodsentinel/contracts';
import type { Call } from './call.ts';
import { planRequest } from './call.ts';
import { faults, type Fault, type FaultName } from './faults.ts';
import type { Random } from './random.ts';
import { pricingReleases, releases, type ShopService } from './services.ts';

/** One customer's request: everything the shop logs about it, in the order it is logged. */
export interface ShopRequest {
  readonly number: number;
  readonly traceId: string;
  readonly fault: FaultName | undefined;
  readonly signals: readonly FailureSignal[];
}

export interface RequestOptions {
  readonly number: number;
  readonly random: Random;
  /** What goes wrong in it, if anything. */
  readonly fault: FaultName | undefined;
  /** When it comes in, microseconds since 1970. */
  readonly startedAtMicros: number;
  readonly isPricingUpdated: boolean;
}

/**
 * Plays one request: a span for each service it crosses, logs of each, and, when something is wrong, the failure where it
 * is and a symptom in every service above it. The services above say only what they saw.
 */
export function playRequest(options: RequestOptions): ShopRequest {
  const { number, random, fault } = options;
  const traceId = random.hex(16);
  const play = new Play(options, traceId);
  play.run(planRequest(random, fault), null);
  return { number, traceId, fault, signals: play.signals };
}

class Play {
  readonly signals: FailureSignal[] = [];
  readonly #options: RequestOptions;
  readonly #traceId: string;
  #nowMicros: number;

  constructor(options: RequestOptions, traceId: string) {
    this.#options = options;
    this.#traceId = traceId;
    this.#nowMicros = options.startedAtMicros;
  }

  /** Answers the HTTP status that the caller sees. */
  run(call: Call, parentSpanId: string | null): number {
    const { random, fault } = this.#options;
    const spanId = random.hex(8);
    const log = (fields: Partial<FailureSignal>) =>
      this.#log(call.service, { spanId, parentSpanId, ...fields });
    this.#pass(random.whole(200, 4_000));
    log({ severityNumber: 9, severityText: 'INFO', message: `${call.operation} received` });
    if (fault && faults[fault].service === call.service) return this.#break(faults[fault], log);
    for (const callee of call.calls) {
      const status = this.run(callee, spanId);
      if (status >= 500) {
        log(symptomOf(callee, status));
        return 502;
      }
    }
    const tookMs = random.whole(3, 900);
    this.#pass(tookMs * 1_000);
    if (tookMs > 800) {
      log({ severityNumber: 13, severityText: 'WARN', message: `${call.operation} was slow: ${tookMs} ms` });
    }
    log({
      severityNumber: 9,
      severityText: 'INFO',
      message: `${call.operation} answered 200 in ${tookMs} ms`,
    });
    return 200;
  }

  #break(fault: Fault, log: (fields: Partial<FailureSignal>) => void): number {
    this.#pass(this.#options.random.whole(10_000, 40_000));
    log({ severityNumber: 17, severityText: 'ERROR', ...fault.happen(this.#options.random) });
    return fault.answers;
  }

  #log(service: ShopService, fields: Partial<FailureSignal>): void {
    const { random, isPricingUpdated } = this.#options;
    this.#pass(random.whole(20, 400));
    this.signals.push({
      ...emptyRecord('failures'),
      signalId: `shop-${random.hex(10)}`,
      traceId: this.#traceId,
      service,
      environment: 'shop',
      release:
        service === 'pricing' ? pricingReleases[isPricingUpdated ? 'after' : 'before'] : releases[service],
      host: `${service}-${random.whole(1, 3)}`,
      occurredAt: this.#nowMicros,
      ...fields,
    });
  }

  #pass(micros: number): void {
    this.#nowMicros += micros;
  }
}

function symptomOf(callee: Call, status: number): Partial<FailureSignal> {
  const message = `${callee.service} answered ${status} to ${callee.operation}`;
  return {
    severityNumber: 17,
    severityText: 'ERROR',
    message: `request failed: ${message}`,
    exception: { type: 'UpstreamError', message, stack: null, causes: [] },
  };
}
