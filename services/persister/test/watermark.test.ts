import { beforeEach, describe, expect, test } from '@jest/globals';
import { Watermark, type Progress } from '../src/watermark.ts';

/** Stages whose positions a test sets: one partition, one clock. */
class Stages implements Progress {
  observedMs: number | undefined;
  end = 0;
  persisted = 0;
  async observedUntil() {
    return this.observedMs;
  }
  async observationEnds() {
    return new Map([[0, this.end]]);
  }
  async persistedUntil(ends: ReadonlyMap<number, number>) {
    const end = ends.get(0) ?? 0;
    if (end > this.end) return 'gone' as const;
    return this.persisted >= end ? ('finished' as const) : ('unfinished' as const);
  }
}

let stages: Stages;
let watermark: Watermark;
beforeEach(() => {
  stages = new Stages();
  watermark = new Watermark(stages);
});

describe('the watermark', () => {
  test('is not known while observe is too far behind to say anything', async () => {
    expect(await watermark.advance(1_000_000)).toBeUndefined();
  });

  test('follows observe at once when persist has finished everything', async () => {
    stages.observedMs = 500;
    expect(await watermark.advance(1_000)).toBe(500);
    stages.observedMs = 900;
    expect(await watermark.advance(1_000)).toBe(900);
  });

  test('stands still, however much time passes, until persist has reached what observe had published', async () => {
    stages.observedMs = 500;
    expect(await watermark.advance(1_000)).toBe(500);
    Object.assign(stages, { observedMs: 900, end: 10, persisted: 9 });
    for (const nowMs of [2_000, 1_000_000, 1_000_000_000]) expect(await watermark.advance(nowMs)).toBe(500);
    // More was published meanwhile: what the mark waits for does not move along.
    Object.assign(stages, { end: 50, persisted: 10 });
    stages.observedMs = undefined;
    expect(await watermark.advance(1_000)).toBe(900);
  });

  test('never goes back', async () => {
    stages.observedMs = 500;
    await watermark.advance(1_000);
    stages.observedMs = 300;
    expect(await watermark.advance(1_000)).toBe(500);
  });

  test('forgets a mark in a topic that was made anew', async () => {
    Object.assign(stages, { observedMs: 500, end: 100 });
    expect(await watermark.advance(1_000)).toBeUndefined();
    Object.assign(stages, { observedMs: 700, end: 3, persisted: 3 });
    expect(await watermark.advance(1_000)).toBe(700);
  });
});
