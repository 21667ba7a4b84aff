import { Worker } from 'node:worker_threads';
import { afterEach, expect, test } from '@jest/globals';
import { ThreadLink } from '../../src/threads/thread-link.ts';

const links: ThreadLink[] = [];

afterEach(async () => {
  await Promise.all(links.splice(0).map((link) => link.terminate()));
});

/** Answers what it was asked for when it is told that a turn begins, with the number of calls that had reached it. */
const slow = `
  const { parentPort } = require('node:worker_threads');
  let calls = 0;
  let asked = [];
  parentPort.on('message', (message) => {
    if (message.kind === 'call') { calls += 1; asked.push(message); return; }
    for (const each of asked.splice(0)) parentPort.postMessage({ ...each, kind: 'answer', value: calls });
  });`;

function linkTo(code: string): ThreadLink {
  const link = new ThreadLink('thread 1', new Worker(code, { eval: true }), () => undefined);
  links.push(link);
  return link;
}

test('a thread that does not answer is asked once, however often somebody asks', async () => {
  const link = linkTo(slow);
  const asked = ['turn', 'turn', 'metrics', 'turn'].map((call) => link.call(call as 'turn'));
  link.tell({ kind: 'turn', id: 1 });
  expect(await Promise.all(asked)).toEqual([2, 2, 2, 2]);
  const later = link.call('turn');
  link.tell({ kind: 'turn', id: 2 });
  expect(await later).toBe(3);
});

test('whoever waits for a thread that ends is told why, and so is who asks later', async () => {
  const link = linkTo(
    `require('node:worker_threads').parentPort.once('message', () => { throw new Error('no'); })`,
  );
  const told = { code: 'bug', message: 'thread 1 ended: no' };
  await expect(Promise.all([link.call('start'), link.call('metrics')])).rejects.toMatchObject(told);
  expect(link.isGone).toBe(true);
  await expect(link.call('stop')).rejects.toMatchObject(told);
  expect(await link.ended).toMatchObject(told);
});
