import type { TopicEnds } from '@prodsentinel/messaging';

/** How far the stages have come, as Kafka knows it. */
export interface Progress {
  /** The newest moment before which observe has finished every failure; undefined when it is too far behind to say. */
  observedUntil(nowMs: number): Promise<number | undefined>;
  /** Where `observations` ends now. */
  observationEnds(): Promise<TopicEnds>;
  /** Whether persist has finished what lies before these ends; `gone` when they will never be reached. */
  persistedUntil(ends: TopicEnds): Promise<'finished' | 'unfinished' | 'gone'>;
}

/**
 * The moment, by Kafka's clock, up to which every failure has surely been counted. What observe has finished is
 * published: so once persist has reached the ends that `observations` had after observe finished everything up to a
 * moment, all failures up to that moment are counted. One such mark is followed at a time; while nothing moves, in a
 * backlog above all, the watermark stands still.
 *
 * States: no mark → marked (moment, ends) → reached: the moment becomes the watermark, no mark. A mark whose ends are
 * gone is dropped.
 */
export class Watermark {
  readonly #progress: Progress;
  #reachedMs: number | undefined;
  #mark: { readonly momentMs: number; readonly ends: TopicEnds } | undefined;

  constructor(progress: Progress) {
    this.#progress = progress;
  }

  /**
   * Looks how far things are and answers the watermark in milliseconds since 1970; undefined while it is not known. It
   * never goes back.
   *
   * @throws AppError `unavailable` when Kafka does not answer
   */
  async advance(nowMs: number): Promise<number | undefined> {
    await this.#follow();
    if (!this.#mark) {
      await this.#setMark(nowMs);
      await this.#follow();
    }
    return this.#reachedMs;
  }

  async #setMark(nowMs: number): Promise<void> {
    const momentMs = await this.#progress.observedUntil(nowMs);
    if (momentMs === undefined || momentMs <= (this.#reachedMs ?? 0)) return;
    // Only now: what observe finished before the moment lies before these ends.
    this.#mark = { momentMs, ends: await this.#progress.observationEnds() };
  }

  async #follow(): Promise<void> {
    if (!this.#mark) return;
    const state = await this.#progress.persistedUntil(this.#mark.ends);
    if (state === 'unfinished') return;
    if (state === 'finished') this.#reachedMs = this.#mark.momentMs;
    this.#mark = undefined;
  }
}
