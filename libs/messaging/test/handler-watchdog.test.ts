import { expect, test } from '@jest/globals';
import { HandlerWatchdog } from '../src/handler-watchdog.ts';

function createWatchdog() {
  const said: { event: string; offsets: string[]; forMs: number }[] = [];
  const clock = { nowMs: 0, counted: 0 };
  const reasons: (string | undefined)[] = [];
  const logger = { debug() {}, info() {}, warn() {}, error: (fields: object) => said.push(fields as never) };
  const watchdog = new HandlerWatchdog({
    groupId: 'g',
    limitMs: 100,
    logger,
    now: () => clock.nowMs,
    onHanging: () => (clock.counted += 1),
    onChange: (reason) => reasons.push(reason),
  });
  return { watchdog, said, clock, reasons };
}

const at = (offset: number) => ({ topic: 'failures', partition: 3, offset });

test('names what hangs, once, and says when it ended all the same', async () => {
  const { watchdog, said, clock, reasons } = createWatchdog();
  const slow = Promise.withResolvers<string>();
  const watched = watchdog.watch([at(7), at(8)], slow.promise);
  clock.nowMs = 99;
  watchdog.look();
  expect([said.length, watchdog.hangingCount]).toEqual([0, 0]);
  clock.nowMs = 100;
  watchdog.look();
  watchdog.look();
  expect(said).toEqual([
    expect.objectContaining({
      event: 'handler_hangs',
      offsets: ['failures/3@7', 'failures/3@8'],
      forMs: 100,
    }),
  ]);
  expect([clock.counted, watchdog.hangingCount]).toEqual([1, 1]);
  slow.resolve('late');
  expect(await watched).toBe('late');
  expect([said.at(-1)?.event, watchdog.hangingCount]).toEqual(['handler_ended', 0]);
  expect(reasons).toEqual([
    'the handler of failures/3@7 has not ended within 100 ms: if it never does, restart this process',
    undefined,
  ]);
});

test('a handler that failed is watched no more, and its error is its own', async () => {
  const { watchdog, said, clock } = createWatchdog();
  await expect(watchdog.watch([at(1)], Promise.reject(new Error('mine')))).rejects.toThrow('mine');
  clock.nowMs = 1_000;
  watchdog.look();
  expect([said.length, watchdog.hangingCount]).toEqual([0, 0]);
});
