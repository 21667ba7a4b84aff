import { EventEmitter } from 'node:events';
import { expect, test } from '@jest/globals';
import { listenForStop } from '../src/listen-for-stop.ts';

test('the first request aborts, and its echo within a moment is the same request', () => {
  const { source, exits, signal } = listen();
  source.emit('SIGINT');
  expect(signal.aborted).toBe(true);
  source.nowMs += 100;
  source.emit('SIGTERM');
  expect(exits).toEqual([]);
});

test('a second Ctrl-C exits at once, after what must still happen', () => {
  const { source, exits, forced } = listen();
  source.emit('SIGINT');
  source.nowMs += 1_000;
  source.emit('SIGINT');
  expect(exits).toEqual([1]);
  expect(forced).toEqual(['killed']);
});

test('a reader that goes away asks to stop, and never forces an exit', () => {
  const { source, exits, signal } = listen();
  source.emit('error', new Error('EPIPE'));
  expect(signal.aborted).toBe(true);
  source.nowMs += 1_000;
  source.emit('error', new Error('EPIPE'));
  source.emit('SIGHUP');
  expect(exits).toEqual([]);
});

class Source extends EventEmitter {
  nowMs = 5_000;
}

function listen() {
  const source = new Source();
  const exits: number[] = [];
  const forced: string[] = [];
  const signal = listenForStop({
    say: () => undefined,
    beforeForcedExit: () => forced.push('killed'),
    sources: {
      signals: source,
      outputs: [source],
      exit: (code) => exits.push(code),
      now: () => source.nowMs,
    },
  });
  return { source, exits, forced, signal };
}
