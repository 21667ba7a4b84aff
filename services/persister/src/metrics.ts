import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface PersisterMetrics {
  countRecords(topic: string, outcome: 'done' | 'dead_letter', count: number): void;
  countFailures(count: number): void;
  countDeadLetter(topic: string, code: string): void;
  countPublished(count: number): void;
  observeBatch(seconds: number): void;
  /** Seconds since 1970. */
  setWatermark(seconds: number): void;
  countKept(change: 'resolved' | 'closed' | 'removed', count: number): void;
}

export function createMetrics(registry: Registry): PersisterMetrics {
  const registers = [registry];
  const records = new Counter({
    name: 'prodsentinel_persister_records_total',
    help: 'Records by topic and what became of them',
    labelNames: ['topic', 'outcome'],
    registers,
  });
  const failures = new Counter({
    name: 'prodsentinel_persister_failures_total',
    help: 'Failures counted for the first time',
    registers,
  });
  const deadLetters = new Counter({
    name: 'prodsentinel_persister_dead_letters_total',
    help: 'Records set aside, by topic and error code',
    labelNames: ['topic', 'code'],
    registers,
  });
  const published = new Counter({
    name: 'prodsentinel_persister_requests_published_total',
    help: 'Analysis requests published, repetitions included',
    registers,
  });
  const batches = new Histogram({
    name: 'prodsentinel_persister_batch_seconds',
    help: 'Time that persisting one batch took',
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const watermark = new Gauge({
    name: 'prodsentinel_persister_watermark_seconds',
    help: 'Moment up to which every failure has surely been counted, seconds since 1970; stands still in a backlog',
    registers,
  });
  const kept = new Counter({
    name: 'prodsentinel_persister_housekeeping_incidents_total',
    help: 'Incidents that housekeeping resolved, closed or removed',
    labelNames: ['change'],
    registers,
  });
  return {
    countRecords: (topic, outcome, count) => records.inc({ topic, outcome }, count),
    countFailures: (count) => failures.inc(count),
    countDeadLetter: (topic, code) => deadLetters.inc({ topic, code }),
    countPublished: (count) => published.inc(count),
    observeBatch: (seconds) => batches.observe(seconds),
    setWatermark: (seconds) => watermark.set(seconds),
    countKept: (change, count) => kept.inc({ change }, count),
  };
}
