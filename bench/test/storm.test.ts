import { describe, expect, test } from '@jest/globals';
import { storm, tracesOf } from '../src/observe/storm.ts';

describe('the storm', () => {
  const failures = [...storm(5_000)];

  test('is the same every time', () => {
    expect([...storm(5_000)]).toEqual(failures);
  });

  test('holds every signal once, of as many traces as it says, each with several failures', () => {
    expect(new Set(failures.map(({ signalId }) => signalId)).size).toBe(5_000);
    expect(tracesOf(5_000)).toBe(300);
    expect(new Set(failures.map(({ traceId }) => traceId)).size).toBe(300);
  });

  test('repeats no text: whoever remembers whole messages gains nothing', () => {
    expect(new Set(failures.map(({ message }) => message)).size).toBeGreaterThan(4_990);
  });
});
