import { expect, test } from '@jest/globals';
import { AppError, describeError, isAppError } from '../src/index.ts';

test('an error is told with its causes, each once', () => {
  const error = new AppError('unavailable', 'cannot publish', {
    cause: new Error('send failed', { cause: new Error('send failed') }),
  });
  expect(describeError(error)).toBe('cannot publish, because send failed');
});

test('what failed together is told together', () => {
  const error = new AggregateError([new Error('one'), new Error('two')], 'topics');
  expect(describeError(error)).toBe('topics: one; two');
});

test.each([[undefined], [null], ['text'], [{ name: 'Error' }]])('%p is no error of ours', (value) => {
  expect(isAppError(value)).toBe(false);
});
