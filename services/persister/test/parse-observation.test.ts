import { expect, test } from '@jest/globals';
import { parseObservation } from '../src/domain/observation.ts';
import { fingerprint, observationOf, startMicros, windowOf } from './observations.ts';

test('one fingerprint is another one in each environment', () => {
  const [one, other, again] = ['a', 'b', 'a'].map(
    (environment) => parseObservation(observationOf([], { environment })).fingerprints[0],
  );
  expect(one?.alias).not.toBe(other?.alias);
  expect(again).toBe(one);
});

const aliasOf = (number: number) =>
  parseObservation(observationOf([], { fingerprint: fingerprint(number) })).fingerprints[0]?.alias;

test('more fingerprints than are remembered are parsed the same', () => {
  const first = aliasOf(0);
  for (let number = 1; number <= 10_001; number++) aliasOf(number);
  expect(aliasOf(0)).toBe(first);
});

test('what can be stored stays as it is, and of all else only what cannot be is made anew', () => {
  const kept = windowOf('trace', [1]);
  const template = { service: 'a', template: 'b', count: 1 };
  const event = observationOf([kept, windowOf('tr\0ace', [2]), { ...kept, lastAppendedAt: 0 }], {
    services: ['a', 'b\0'],
    signature: [template, { ...template, template: 'x'.repeat(3_000) }, { ...template, count: NaN }],
  });
  const { windows, services, signature, releases } = parseObservation(event);
  expect(windows[0]).toBe(kept);
  expect(windows.map(({ traceId }) => traceId)).toEqual(['trace', 'trace', 'trace']);
  expect(windows.map(({ lastAppendedAt }) => lastAppendedAt)).toEqual([
    startMicros,
    startMicros,
    startMicros,
  ]);
  expect(services).toEqual(['a', 'b']);
  expect(signature[0]).toBe(template);
  expect(signature.slice(1).map((each) => [each.template.length, each.count])).toEqual([
    [2_000, 1],
    [1, 0],
  ]);
  expect(releases).toBe(event.releases);
});
