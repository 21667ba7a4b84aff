import { DecayingCounts } from './decaying-counts.ts';

/** How long ago a record still weighs half: what has been failing all day is no news, what was mended an hour ago is. */
const halfLifeMs = 60 * 60 * 1000;
/** About 20 MB when every template is as long as it may be. */
const maxTemplates = 10_000;
const maxServices = 5_000;
const leastRecords = 100;

/**
 * What is usual: how often each (environment, service, template) failed recently among all the records that were read.
 * Bounded, and fading by the time of the records. It is a process's own, and only ranks suspects: two processes may rank
 * differently, and never decide anything by it.
 */
export class SignalBaseline {
  readonly #templates = new DecayingCounts({ halfLifeMs, maxNames: maxTemplates });
  readonly #services = new DecayingCounts({ halfLifeMs, maxNames: maxServices });

  /** @param atMs Kafka's append time, as everywhere here */
  learn({ environment, service, template }: BaselineEntry, atMs: number, failures = 1): void {
    this.#templates.add(nameOf(environment, service, template), atMs, failures);
    this.#services.add(nameOf(environment, service), atMs, failures);
  }

  /** Records that are no failures: what failures are a share of. */
  learnContext(records: number, atMs: number): void {
    this.#templates.addToTotal(atMs, records);
    this.#services.addToTotal(atMs, records);
  }

  /** Whether enough was read, and recently enough, to call anything unusual. */
  knowsAnything(atMs: number): boolean {
    return this.#templates.totalWeight(atMs) >= leastRecords;
  }

  /** How unusual it is to see a template `count` times among `records` records, in nats; 0 when it is no more than usual. */
  surpriseOf({ environment, service, template }: BaselineEntry, sighting: Sighting): number {
    return surprise(this.#templates, nameOf(environment, service, template), sighting);
  }

  /** The same of all failures of a service: one that always fails somehow is less of a suspect with a new message too. */
  surpriseOfService({ environment, service }: Omit<BaselineEntry, 'template'>, sighting: Sighting): number {
    return surprise(this.#services, nameOf(environment, service), sighting);
  }
}

/** The log-likelihood ratio of a Poisson count against the usual share. */
function surprise(counts: DecayingCounts, name: string, { count, records, atMs }: Sighting): number {
  const total = counts.totalWeight(atMs);
  // Half a record is added: what was never seen is rare, not impossible.
  const expected = ((counts.weightOf(name, atMs) + 0.5) / (total + 1)) * records;
  return count > expected ? count * Math.log(count / expected) - (count - expected) : 0;
}

export interface BaselineEntry {
  readonly environment: string;
  readonly service: string;
  readonly template: string;
}

export interface Sighting {
  readonly count: number;
  /** Failures and context. */
  readonly records: number;
  readonly atMs: number;
}

const nameOf = (...parts: readonly string[]): string => parts.join('\0');
