import { expect, test } from '@jest/globals';
import { Releasers } from '../src/index.ts';

test('releases last in, first out, and only once', async () => {
  const released: string[] = [];
  const releasers = new Releasers();
  releasers.add('first', 'a', (value) => released.push(value));
  releasers.add('second', 'b', async (value) => released.push(value));
  await releasers.release();
  await releasers.release();
  expect(released).toEqual(['b', 'a']);
});

test('goes on past a failure and reports every failure by name', async () => {
  const released: string[] = [];
  const releasers = new Releasers();
  releasers.add('pool', 'pool', (value) => released.push(value));
  releasers.add('socket', 'socket', () => {
    throw new Error('stuck');
  });
  const failure = await releasers.release().catch((error: unknown) => error as AggregateError);
  expect(released).toEqual(['pool']);
  expect((failure as AggregateError).errors.map(String)).toEqual(['Error: could not release socket']);
});
