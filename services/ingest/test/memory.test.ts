import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

/** Of what is left by a request that was refused; what one holds while it is answered is several kilobytes. */
const maxBytesOfRequest = 160;
const rounds = 40;

test('the table of bad requests, sent again and again, leaves nothing behind', async () => {
  const program = join(import.meta.dirname, 'repeat-hostile-rows.ts');
  // The first rounds compile, the second ones show what is held from then on.
  const args = ['--expose-gc', program, '20', '20', String(rounds)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { heldBytes, requestsInRound, inFlightBytes } = JSON.parse(stdout) as {
    heldBytes: [number, number, number];
    requestsInRound: number;
    inFlightBytes: number;
  };
  expect(inFlightBytes).toBe(0);
  const [, before, after] = heldBytes;
  expect((after - before) / (rounds * requestsInRound)).toBeLessThan(maxBytesOfRequest);
}, 120_000);
