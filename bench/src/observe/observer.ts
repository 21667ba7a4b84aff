import { startChildService, type ChildService, type StackEnv } from '@prodsentinel/demo';
import { AppError, delay } from '@prodsentinel/kernel';
import type { Measured } from '../tools/measured.ts';

/** Fine enough for runs of seconds, too seldom to cost anything. */
const pollMs = 100;
const memoryMark = 100_000;
/** Milliseconds without an answer of its metrics, and without anything taken or finished, after which it counts as stuck. */
const answerDeadlineMs = 10_000;
const stallMs = 120_000;

/**
 * Runs the analyzer's observe stage, as it is deployed, over everything in `failures`; from the first record it takes to
 * the last window it opens. Its final quiet time is waited for and counted apart (`cpuSecondsToTheEnd`).
 */
export async function runObserver(
  stackEnv: StackEnv,
  records: number,
  signal: AbortSignal,
): Promise<Measured> {
  const observer = await startChildService({
    name: 'analyzer',
    env: {
      PATH: process.env['PATH'],
      ...stackEnv,
      ANALYZER_STAGES: 'observe',
      HEALTH_PORT: '0',
      LOG_FORMAT: 'json',
      ...(process.env['BENCH_NODE_OPTIONS'] && { NODE_OPTIONS: process.env['BENCH_NODE_OPTIONS'] }),
    },
    signal,
  });
  try {
    return await watch(observer, records, signal);
  } finally {
    await observer.stop();
  }
}

async function watch(observer: ChildService, records: number, signal: AbortSignal): Promise<Measured> {
  const first = await readUntil(observer, ({ taken }) => taken > 0, signal);
  let peakRssBytes = first.rssBytes;
  let peakRssBytesAt100k = 0;
  const onReading = (reading: Reading) => {
    peakRssBytes = Math.max(peakRssBytes, reading.rssBytes);
    if (reading.taken <= memoryMark || peakRssBytesAt100k === 0) peakRssBytesAt100k = peakRssBytes;
  };
  const last = await readUntil(observer, ({ taken }) => taken >= records, signal, onReading);
  const closed = await readUntil(observer, ({ inFlight }) => inFlight === 0, signal, onReading);
  return {
    records: last.taken - first.taken,
    seconds: (last.atMs - first.atMs) / 1000,
    cpuSeconds: last.cpuSeconds - first.cpuSeconds,
    peakRssBytes,
    figures: {
      peakRssBytesAt100k,
      cpuSecondsToTheEnd: closed.cpuSeconds - first.cpuSeconds,
      observations: closed.observations,
      duplicates: closed.duplicates,
    },
  };
}

interface Reading {
  readonly atMs: number;
  /** Records that became a failure, a duplicate or context. */
  readonly taken: number;
  readonly duplicates: number;
  readonly inFlight: number;
  readonly observations: number;
  readonly cpuSeconds: number;
  readonly rssBytes: number;
}

async function readUntil(
  observer: ChildService,
  isReached: (reading: Reading) => boolean,
  signal: AbortSignal,
  onReading: (reading: Reading) => void = () => undefined,
): Promise<Reading> {
  let moved: Reading | undefined;
  for (;;) {
    const reading = await read(observer, signal);
    onReading(reading);
    if (isReached(reading)) return reading;
    if (!moved || reading.taken !== moved.taken || reading.inFlight !== moved.inFlight) moved = reading;
    if (reading.atMs - moved.atMs > stallMs) {
      const stands = `${reading.taken} taken, ${reading.inFlight} in flight`;
      throw new AppError('unavailable', `the observer does not get on: ${stands} for ${stallMs} ms`);
    }
    await delay(pollMs, signal);
  }
}

async function read(observer: ChildService, signal: AbortSignal): Promise<Reading> {
  const response = await fetch(`${observer.addresses['health']}/metrics`, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(answerDeadlineMs)]),
  });
  if (!response.ok) throw new AppError('unavailable', `the observer's metrics answered ${response.status}`);
  const atMs = performance.now();
  const text = await response.text();
  return {
    atMs,
    taken: sumOf(text, 'prodsentinel_observe_records_total'),
    duplicates: sumOf(text, 'prodsentinel_observe_records_total{outcome="duplicate"}'),
    inFlight: sumOf(text, 'prodsentinel_consumer_inflight'),
    observations: sumOf(text, 'prodsentinel_observations_published_total'),
    cpuSeconds: sumOf(text, 'process_cpu_seconds_total'),
    rssBytes: sumOf(text, 'process_resident_memory_bytes'),
  };
}

/** The sum of all series whose name, labels included, begins like this. */
function sumOf(text: string, name: string): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith(name))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
