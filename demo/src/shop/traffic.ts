import { faultNames, type FaultName } from './faults.ts';
import { createRandom, type Random } from './random.ts';
import { playRequest, type ShopRequest } from './request.ts';

/** How the signals of a request travel. */
export type Route = 'http' | 'avro' | 'json';

export interface ShopTraffic extends ShopRequest {
  readonly route: Route;
  /** Signals of this request that are sent a second time, under the same ids. */
  readonly isSentTwice: boolean;
}

/** Requests before the new release of pricing comes, and with it its fault. */
const requestsBeforeRelease = 12;
const faultyShare = 0.4;

/**
 * The shop's requests, one after the other, without end. The seed decides everything but the times, which the clock says
 * (microseconds since 1970).
 */
export function* shopTraffic(seed: number, nowMicros: () => number): Generator<ShopTraffic, never> {
  const random = createRandom(seed);
  for (let number = 1, failing = 0; ; number++) {
    const isPricingUpdated = number > requestsBeforeRelease;
    const fault = chooseFault(random, isPricingUpdated);
    if (fault) failing++;
    const request = playRequest({ number, random, fault, isPricingUpdated, startedAtMicros: nowMicros() });
    yield {
      ...request,
      route: routeOf(fault ? failing : number),
      isSentTwice: fault !== undefined && failing % 10 === 5,
    };
  }
}

function chooseFault(random: Random, isPricingUpdated: boolean): FaultName | undefined {
  if (!random.isLikely(faultyShare)) return undefined;
  const fault = random.pick(faultNames);
  return fault === 'null_dereference' && !isPricingUpdated ? undefined : fault;
}

/** Half over HTTP, half straight to Kafka, there a few as plain JSON. */
function routeOf(turn: number): Route {
  if (turn % 2 === 0) return 'http';
  return turn % 12 === 7 ? 'json' : 'avro';
}
