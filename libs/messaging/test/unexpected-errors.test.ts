import { expect, test } from '@jest/globals';
import { UnexpectedErrors } from '../src/unexpected-errors.ts';

const limits = { maxUnexpectedInARow: 3, maxUnexpectedPercent: 10, unexpectedWindow: 50 };

function addTimes(errors: UnexpectedErrors, times: number): (string | undefined)[] {
  return Array.from({ length: times }, () => errors.add(limits));
}

function pass(errors: UnexpectedErrors, times: number): void {
  for (let i = 0; i < times; i++) errors.passed();
}

test('three in a row are borne, the fourth is too much', () => {
  const errors = new UnexpectedErrors();
  expect(addTimes(errors, 3)).toEqual([undefined, undefined, undefined]);
  expect(errors.add(limits)).toBe('more than 3 records in a row failed unexpectedly');
});

test('five of fifty are borne, however they are spread; the sixth is too much', () => {
  const errors = new UnexpectedErrors();
  for (let i = 0; i < 5; i++) {
    expect(errors.add(limits)).toBeUndefined();
    pass(errors, 8);
  }
  expect(errors.add(limits)).toBe('more than 10 % of the last 50 records failed unexpectedly');
});

test('what is behind the window does not count', () => {
  const errors = new UnexpectedErrors();
  for (let i = 0; i < 100; i++) {
    expect(errors.add(limits)).toBeUndefined();
    // Six of fifty, were one more of them within it.
    pass(errors, 9);
  }
});

test('after a resume nothing is held against the partition', () => {
  const errors = new UnexpectedErrors();
  addTimes(errors, 4);
  errors.forget();
  expect(addTimes(errors, 3)).toEqual([undefined, undefined, undefined]);
});
