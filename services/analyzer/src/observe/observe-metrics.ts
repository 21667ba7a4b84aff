import { Counter, type Registry } from 'prom-client';

export interface ObserveMetrics {
  context(count: number): void;
  failures(count: number): void;
  duplicates(count: number): void;
  /** Failures taken in while their claims could not be checked. */
  unclaimed(count: number): void;
  observations(count: number): void;
}

export function createObserveMetrics(registry: Registry): ObserveMetrics {
  const records = new Counter({
    name: 'prodsentinel_observe_records_total',
    help: 'Records of the failures topic by what they turned out to be',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const unclaimed = new Counter({
    name: 'prodsentinel_observe_unclaimed_total',
    help: 'Failures taken in while Redis did not answer: repeated sends among them count twice',
    registers: [registry],
  });
  const observations = new Counter({
    name: 'prodsentinel_observations_published_total',
    help: 'Observations acknowledged by Kafka',
    registers: [registry],
  });
  return {
    context: (count) => records.inc({ outcome: 'context' }, count),
    failures: (count) => records.inc({ outcome: 'failure' }, count),
    duplicates: (count) => records.inc({ outcome: 'duplicate' }, count),
    unclaimed: (count) => unclaimed.inc(count),
    observations: (count) => observations.inc(count),
  };
}
