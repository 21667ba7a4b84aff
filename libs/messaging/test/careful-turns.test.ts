import { expect, test } from '@jest/globals';
import { CarefulTurns } from '../src/careful-turns.ts';

/** Lets everybody whose turn it is begin. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Takes turns in order and says which have begun. */
function createQueue() {
  const turns = new CarefulTurns();
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const begin = async (name: string, isExclusive: boolean) => {
    ends.set(name, await turns.take(isExclusive));
    begun.push(name);
  };
  const take = (name: string, isExclusive: boolean) => void begin(name, isExclusive);
  const end = async (name: string) => {
    ends.get(name)?.();
    await settled();
  };
  return { begun, take, end };
}

test('records under no suspicion are tried beside each other, a suspect alone, and nobody overtakes it', async () => {
  const { begun, take, end } = createQueue();
  take('a', false);
  take('b', false);
  take('suspect', true);
  take('c', false);
  await settled();
  expect(begun).toEqual(['a', 'b']);
  await end('a');
  expect(begun).toEqual(['a', 'b']);
  await end('b');
  expect(begun).toEqual(['a', 'b', 'suspect']);
  await end('suspect');
  expect(begun).toEqual(['a', 'b', 'suspect', 'c']);
});

test('a turn that is ended twice, as when its time is over and the record ends later, makes no room twice', async () => {
  const { begun, take, end } = createQueue();
  take('first', false);
  take('second', false);
  await settled();
  await end('first');
  await end('first');
  take('suspect', true);
  await settled();
  expect(begun).toEqual(['first', 'second']);
  await end('second');
  expect(begun).toEqual(['first', 'second', 'suspect']);
});
