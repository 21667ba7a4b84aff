import { createRequire } from 'node:module';

interface RequestQueue {
  pending: unknown[];
  throttledUntil: number;
  scheduleCheckPendingRequests(): void;
}

let isMended = false;

/**
 * kafkajs 2.2.4 re-arms a timer of a negative number of milliseconds on every idle connection: a thousand wake-ups a
 * second, and a warning on Node 24 (kafkajs issue 1751, open). With nothing pending and no throttle there is nothing to
 * check: what is queued later schedules its own check.
 */
export function mendIdleTimer(): void {
  if (isMended) return;
  isMended = true;
  const require = createRequire(import.meta.url);
  const { prototype } = require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };
  // oxlint-disable-next-line typescript/unbound-method -- called with the queue it belongs to, below
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length === 0 && this.throttledUntil <= Date.now()) return;
    schedule.call(this);
  };
}
