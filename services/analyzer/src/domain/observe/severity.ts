import type { Severity } from '@prodsentinel/contracts';
import { levelOf } from './failure-level.ts';
import type { IntakeSignal } from './intake-signal.ts';
import { remembering } from './text-memory.ts';

/**
 * The floor of an incident's severity, from one window alone. The first that holds:
 *
 * - critical: a FATAL (or CRITICAL, EMERGENCY, ALERT, PANIC), or words of memory, disk or data being lost
 * - high: an ERROR with an exception, or ERRORs of two services or more
 * - medium: an ERROR; a span with status error counts as one
 * - low: an exception that was logged below ERROR, so somebody dealt with it
 */
export function severityOf(signals: readonly IntakeSignal[]): Severity {
  const services = new Set<string>();
  const harmless = new Set<string>();
  let hasException = false;
  for (const signal of signals) {
    const level = levelOf(signal.severityNumber, signal.severityText);
    if (level === 'FATAL' || isOutOfMemory(signal)) return 'critical';
    if (!harmless.has(signal.template)) {
      if (tellsOfLoss(signal.template)) return 'critical';
      harmless.add(signal.template);
    }
    if (level !== 'ERROR') continue;
    services.add(signal.service);
    if (signal.exceptionType !== null) hasException = true;
  }
  if (services.size === 0) return 'low';
  return hasException || services.size > 1 ? 'high' : 'medium';
}

const isOutOfMemory = ({ exceptionType }: IntakeSignal): boolean =>
  exceptionType !== null && exceptionType.endsWith('OutOfMemoryError');

/** Of the template: it is short, and what it masks are numbers. */
const tellsOfLoss = remembering((template) => {
  const lower = template.toLowerCase();
  return lossWords.some((word) => lower.includes(word));
}, 1_000_000);

const lossWords = [
  'out of memory',
  'outofmemory',
  'oomkilled',
  'oom-kill',
  'cannot allocate memory',
  'no space left',
  'enospc',
  'disk full',
  'disk is full',
  'data loss',
  'data corruption',
  'corrupted data',
  'database is corrupt',
  'checksum mismatch',
];
