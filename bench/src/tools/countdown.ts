import { startMeter, type Measured } from './measured.ts';

/** Counts what is finished; the meter starts after the warm-up, and `done` resolves with its figures after the last record. */
export function startCountdown(warmUpRecords: number, records: number) {
  const { promise, resolve } = Promise.withResolvers<Measured>();
  let finished = 0;
  let meter: ReturnType<typeof startMeter> | undefined;
  let metered = 0;
  return {
    done: promise,
    finish(count: number): void {
      const before = finished;
      finished += count;
      if (!meter && finished >= warmUpRecords) {
        meter = startMeter();
        metered = finished;
      } else if (meter && before < warmUpRecords + records && finished >= warmUpRecords + records) {
        resolve(meter.stop(finished - metered));
      }
    },
  };
}
