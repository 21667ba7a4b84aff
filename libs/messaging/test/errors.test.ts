import { expect, test } from '@jest/globals';
import { AppError, errorCodes } from '@prodsentinel/kernel';
import { classifyError } from '../src/index.ts';

test('every code of ours has a class', () => {
  const classes = Object.fromEntries(errorCodes.map((code) => [code, classifyError(new AppError(code, ''))]));
  expect(classes).toEqual({
    configuration: 'unexpected',
    contract_mismatch: 'unexpected',
    unavailable: 'transient',
    unknown_outcome: 'transient',
    invalid_input: 'permanent',
    undecodable: 'permanent',
    conflict: 'permanent',
    aborted: 'aborted',
    bug: 'unexpected',
  });
});

test.each([
  [Object.assign(new Error(), { code: 'ECONNREFUSED' }), 'transient'],
  [new TypeError('x is undefined'), 'unexpected'],
  ['a thrown text', 'unexpected'],
  [undefined, 'unexpected'],
])('%p is %s', (error, expected) => {
  expect(classifyError(error)).toBe(expected);
});
