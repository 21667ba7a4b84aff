import { describe, expect, test } from '@jest/globals';
import { commonOf, isCommonTo, KeptSignal } from '../../../src/domain/windows/kept-signal.ts';
import { TextPages } from '../../../src/domain/windows/text-pages.ts';
import type { IntakeSignal } from '../../../src/domain/observe/intake-signal.ts';
import { taken } from '../observe/signals.ts';

const keys = Object.keys(taken()) as (keyof IntakeSignal)[];
const copyOf = (signal: IntakeSignal) => Object.fromEntries(keys.map((key) => [key, signal[key]]));
/** What each signal has for itself. */
const ownOf = new Set<string>(['offset', 'spanId', 'appendedAtMs', 'occurredAt', 'message', 'stack']);

const stack = 'java.io.IOException: Verbindung zurückgesetzt 🔌\n\tat a.B.c(B.java:1)';
const signals: [string, IntakeSignal][] = [
  ['a plain message', taken({ message: 'disk full on /data' })],
  ['no text at all', taken()],
  ['text beyond ASCII', taken({ message: 'Zeitüberschreitung 日本 🔥', release: '1', parentSpanId: 'a1' })],
  [
    'an exception that says something else than the message',
    taken({ message: 'request failed', exception: { type: null, message: null, stack, causes: [] } }),
  ],
  [
    'an exception that says nothing but its type',
    taken({
      message: 'request failed',
      exception: { type: 'java.lang.NullPointerException', message: null, stack: null, causes: [] },
    }),
  ],
  ['no time', taken({ message: 'x', occurredAt: null })],
  ['a time whose lower half is nothing', taken({ message: 'x', occurredAt: 5 * 2 ** 26 })],
  ['the latest time there is', taken({ message: 'x', occurredAt: Number.MAX_SAFE_INTEGER })],
  ['a secret that was removed', taken({ message: 'password=hunter22 refused' })],
  [
    'a fingerprint in two versions',
    { ...taken({ message: 'x' }), previousFingerprint: `v0:${'a'.repeat(32)}` },
  ],
  ['a text larger than a page is shared by', taken({ message: 'é'.repeat(16_000) })],
];

describe('a signal that is kept', () => {
  test.each(signals)('is what was taken in: %s', (_, signal) => {
    const pages = new TextPages();
    expect(copyOf(new KeptSignal(signal, commonOf(signal), pages))).toEqual(signal);
  });

  test('keeps its texts when others follow on the same page and on the next', () => {
    const pages = new TextPages();
    const all = Array.from({ length: 500 }, (_, i) => taken({ message: `${i} ${'text '.repeat(i)}` }));
    const kept = all.map((signal) => new KeptSignal(signal, commonOf(signal), pages));
    expect(kept.map(copyOf)).toEqual(all);
  });

  test.each(keys.filter((key) => !ownOf.has(key)))('shares only what is equal: %s', (key) => {
    const signal = taken({
      message: 'broken',
      exception: { type: 'E', message: 'm', stack: null, causes: [] },
    });
    const other = key === 'problem' ? { type: 'F', message: 'm' } : `another ${key}`;
    expect(isCommonTo(commonOf(signal), signal)).toBe(true);
    expect(isCommonTo(commonOf(signal), { ...signal, [key]: other })).toBe(false);
  });
});
