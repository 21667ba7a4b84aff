import { describe, expect, test } from '@jest/globals';
import type { TracesObserved } from '@prodsentinel/contracts';
import { fingerprintVersions } from '../../../src/domain/observe/fingerprint-versions.ts';
import { observedBy, takenBy } from './observed.ts';
import { after, before, upgraded } from './two-versions.ts';

const slow = { message: 'timeout after 20 ms' };
const offsetsOf = (observed: readonly TracesObserved[]) =>
  observed.map(({ windows }) => windows.flatMap(({ offsets }) => offsets.flatMap((each) => each.offsets)));

describe('two versions of the algorithm', () => {
  test('an observation has the fingerprints that each of them would have given alone', () => {
    const fingerprint = observedBy(after, [slow])[0]?.fingerprint;
    const previousFingerprint = observedBy(before, [slow])[0]?.fingerprint;
    expect(observedBy(upgraded, [slow])[0]).toMatchObject({ fingerprint, previousFingerprint });
    expect([fingerprint?.slice(0, 3), previousFingerprint?.slice(0, 3)]).toEqual(['v2:', 'v1:']);
  });

  test('both are those of the primary failure of the window', () => {
    const cause = { severityNumber: 21, message: 'disk is full' };
    expect(observedBy(upgraded, [slow, cause, slow])).toMatchObject([
      {
        fingerprint: takenBy(after, cause).fingerprint,
        previousFingerprint: takenBy(before, cause).fingerprint,
      },
    ]);
  });

  test.each([
    ['of traces', ['a', 'b', 'c']],
    ['without a trace', [null, null, null]],
  ])('windows %s that only the new one takes for equal travel apart', (_, traceIds) => {
    const messages = ['timeout of a lock', 'timeout of a socket', 'timeout of a lock'];
    const failures = messages.map((message, i) => ({ message, traceId: traceIds[i] ?? null }));
    expect(offsetsOf(observedBy(upgraded, failures))).toEqual([[0, 2], [1]]);
    expect(offsetsOf(observedBy(after, failures))).toEqual([[0, 1, 2]]);
  });

  test('a fingerprint of the caller is the same in both, and there is no previous one', () => {
    const own = { ...slow, fingerprint: ['checkout', 'slow'] };
    const { fingerprint } = takenBy(before, own);
    expect(observedBy(upgraded, [own])).toMatchObject([{ fingerprint, previousFingerprint: null }]);
  });

  test.each([
    ['the default', '{{ default }}'],
    ['the message, masked', slow.message],
  ])('a fingerprint of the caller that asks for %s is made by each of them', (_, asked) => {
    const own = { ...slow, fingerprint: ['checkout', asked] };
    const { fingerprint, previousFingerprint } = takenBy(upgraded, own);
    expect(fingerprint).toBe(takenBy(after, own).fingerprint);
    expect(previousFingerprint).toBe(takenBy(before, own).fingerprint);
    expect(fingerprint).not.toBe(previousFingerprint);
  });

  test('a caller that asks for the default alone gets it, in both', () => {
    const { fingerprint, previousFingerprint } = takenBy(upgraded, slow);
    expect(takenBy(upgraded, { ...slow, fingerprint: ['{{ default }}'] })).toMatchObject({
      fingerprint,
      previousFingerprint,
    });
  });
});

test('there is one version today, and no previous fingerprint', () => {
  expect(observedBy(fingerprintVersions, [slow])).toMatchObject([
    { fingerprint: expect.stringMatching(/^v1:/), previousFingerprint: null },
  ]);
});
