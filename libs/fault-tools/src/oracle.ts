import { randomUUID } from 'node:crypto';

/** What became of the ids that an oracle issued. All lists are empty when every promise was kept. */
export interface Account {
  /** Acknowledged and not seen: a broken promise. */
  readonly lost: readonly string[];
  /** Seen and never issued by this oracle. */
  readonly neverIssued: readonly string[];
  /** Said not to be written, and seen all the same. */
  readonly seenThoughRefused: readonly string[];
  /** Seen more often than once, with how often. */
  readonly doubled: ReadonlyMap<string, number>;
  /** Sightings beyond the first of each id. */
  readonly extraSightings: number;
  readonly issued: number;
  readonly acknowledged: number;
  /** Ids of unknown outcome, and how many of them were seen: either is right. */
  readonly unknown: number;
  readonly unknownSeen: number;
}

type Fate = 'issued' | 'acknowledged' | 'unknown' | 'refused';

/**
 * Issues ids, is told what the system under test said of each, and accounts for them at the end. An acknowledged id is an
 * obligation; one of unknown outcome (an error that leaves it open, or no answer at all) is none.
 */
export class Oracle {
  readonly #prefix: string = `${randomUUID().slice(0, 8)}-`;
  readonly #fates = new Map<string, Fate>();

  issue(count: number): string[] {
    const ids = Array.from({ length: count }, (_, i) => `${this.#prefix}${this.#fates.size + i}`);
    for (const id of ids) this.#fates.set(id, 'issued');
    return ids;
  }

  acknowledge(ids: readonly string[]): void {
    for (const id of ids) this.#settle(id, 'acknowledged');
  }

  /** May or may not have been written. */
  unknown(ids: readonly string[]): void {
    for (const id of ids) this.#settle(id, 'unknown');
  }

  /** Surely not written, said the system under test. */
  refuse(ids: readonly string[]): void {
    for (const id of ids) this.#settle(id, 'refused');
  }

  get acknowledgedIds(): string[] {
    return [...this.#fates].filter(([, fate]) => fate === 'acknowledged').map(([id]) => id);
  }

  /** @param seen every sighting, in any order, repetitions included */
  account(seen: Iterable<string>): Account {
    const sightings = new Map<string, number>();
    for (const id of seen) sightings.set(id, (sightings.get(id) ?? 0) + 1);
    const withFate = (wanted: Fate) =>
      [...this.#fates].filter(([, fate]) => fate === wanted).map(([id]) => id);
    const open = [...withFate('unknown'), ...withFate('issued')];
    const doubled = new Map([...sightings].filter(([, times]) => times > 1));
    return {
      lost: withFate('acknowledged').filter((id) => !sightings.has(id)),
      neverIssued: [...sightings.keys()].filter((id) => !this.#fates.has(id)),
      seenThoughRefused: withFate('refused').filter((id) => sightings.has(id)),
      doubled,
      extraSightings: [...doubled.values()].reduce((sum, times) => sum + times - 1, 0),
      issued: this.#fates.size,
      acknowledged: withFate('acknowledged').length,
      unknown: open.length,
      unknownSeen: open.filter((id) => sightings.has(id)).length,
    };
  }

  #settle(id: string, fate: Fate): void {
    if (!this.#fates.has(id)) throw new Error(`${id} was not issued by this oracle`);
    this.#fates.set(id, fate);
  }
}
