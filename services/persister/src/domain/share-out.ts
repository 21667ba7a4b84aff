import type { Observation } from './observation.ts';

/**
 * Cuts a batch, in order, into shares of at most `maxWindows` windows, so that a transaction ends long before its time-out
 * however much the observations hold. One that holds more by itself is a share alone: its event has a largest size.
 */
export function shareOut(observations: readonly Observation[], maxWindows: number): Observation[][] {
  const shares: Observation[][] = [];
  let room = 0;
  for (const observation of observations) {
    const size = observation.windows.length;
    const share = shares.at(-1);
    if (share && size <= room) share.push(observation);
    else {
      shares.push([observation]);
      room = maxWindows;
    }
    room -= size;
  }
  return shares;
}
