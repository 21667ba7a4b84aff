import { expect, test } from '@jest/globals';
import { withoutFrames } from '../src/containers/log-frames.ts';

test('the log of a container is read without its frames, and a frame that is cut off is not made up', () => {
  const log = Buffer.concat([frame(1, 'started\n'), frame(2, 'größer\n'), frame(1, 'ended\n')]);
  expect(withoutFrames(log)).toBe('started\ngrößer\nended\n');
  expect(withoutFrames(log.subarray(0, log.length - 3))).toBe('started\ngrößer\nend');
  expect(withoutFrames(Buffer.alloc(0))).toBe('');
});

function frame(output: number, text: string): Buffer {
  const head = Buffer.alloc(8);
  head[0] = output;
  head.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([head, Buffer.from(text)]);
}
