import { MessageChannel } from 'node:worker_threads';
import { once } from 'node:events';
import { afterEach, expect, test } from '@jest/globals';
import { createProcessCrashes } from '@prodsentinel/messaging';
import { remoteTurns, TurnsOfThread } from '../../src/threads/remote-turns.ts';
import type { FromThread, ToThread } from '../../src/threads/thread-messages.ts';

// Two threads and the one that leads them, over real channels.

const channels: MessageChannel[] = [];

afterEach(() => {
  for (const { port1 } of channels.splice(0)) port1.close();
});

function createThread(turns: ReturnType<typeof createProcessCrashes>['turns']) {
  const channel = new MessageChannel();
  channels.push(channel);
  const leader = new TurnsOfThread(turns, (id) => channel.port1.postMessage({ kind: 'turn', id }));
  channel.port1.on('message', (word: FromThread) => {
    if (word.kind === 'takeTurn') void leader.take(word.id, word.isExclusive);
    if (word.kind === 'endTurn') leader.end(word.id);
  });
  const remote = remoteTurns((word) => channel.port2.postMessage(word));
  channel.port2.on('message', (message: ToThread) => {
    if (message.kind === 'turn') remote.began(message.id);
  });
  return { remote, leader };
}

test('a turn alone in one thread waits for the turns of the other, and holds up those that come later', async () => {
  const { turns } = createProcessCrashes();
  const [one, two] = [createThread(turns), createThread(turns)];
  const begun: string[] = [];
  const take = async (thread: typeof one, name: string, isExclusive: boolean) => {
    const end = await thread.remote.take(isExclusive);
    begun.push(name);
    return end;
  };
  const endShared = await take(one, 'shared', false);
  const alone = take(two, 'alone', true);
  // A round trip of the other thread: by then a turn that had begun would have been told.
  await roundTrip(channels[1]!);
  expect(begun).toEqual(['shared']);
  endShared();
  const endAlone = await alone;
  const later = take(one, 'later', false);
  await roundTrip(channels[0]!);
  expect(begun).toEqual(['shared', 'alone']);
  endAlone();
  endAlone();
  (await later)();
  expect(begun).toEqual(['shared', 'alone', 'later']);
});

test('a thread that is gone holds nobody up', async () => {
  const { turns } = createProcessCrashes();
  const [one, two] = [createThread(turns), createThread(turns)];
  await one.remote.take(true);
  const waiting = two.remote.take(true);
  one.leader.endAll();
  (await waiting)();
  const end = await two.remote.take(true);
  end();
});

async function roundTrip({ port1, port2 }: MessageChannel): Promise<void> {
  const back = once(port1, 'message');
  const there = once(port2, 'message');
  port1.postMessage({ kind: 'none' });
  await there;
  port2.postMessage({ kind: 'none' });
  await back;
}
