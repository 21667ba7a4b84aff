import type { FailureSignal } from '@prodsentinel/contracts';

/**
 * Whether a signal says that something went wrong: severity ERROR or above by number, by text when there is no number, an
 * exception that says anything, or a span with status error. Costs a few comparisons for those that do not.
 */
export function isFailure(value: FailureSignal): boolean {
  if (value.severityNumber >= 17) return true;
  if (value.span !== null && value.span.status === 'error') return true;
  if (value.exception !== null) {
    const { type, message, stack, causes } = value.exception;
    if (type || message || stack || causes.length > 0) return true;
  }
  return value.severityNumber === 0 && value.severityText !== null && isFailureText(value.severityText);
}

/** How bad one signal is, in OpenTelemetry's words. */
export type Level = 'FATAL' | 'ERROR' | 'WARN' | 'INFO';

/** The level of a failure. One without number and text is an ERROR: something else said that it failed. */
export function levelOf(severityNumber: number, severityText: string): Level {
  if (severityNumber >= 21) return 'FATAL';
  if (severityNumber >= 17) return 'ERROR';
  if (severityNumber >= 13) return 'WARN';
  if (severityNumber >= 1) return 'INFO';
  const text = severityText.length <= maxWordChars ? severityText.trim().toUpperCase() : '';
  if (fatalTexts.has(text)) return 'FATAL';
  return text.startsWith('WARN') ? 'WARN' : 'ERROR';
}

const maxWordChars = 32;

const fatalTexts = new Set(['FATAL', 'CRITICAL', 'EMERGENCY', 'ALERT', 'PANIC', 'CRIT', 'EMERG']);
const failureTexts = new Set([...fatalTexts, 'ERROR', 'ERR', 'SEVERE']);

function isFailureText(text: string): boolean {
  return text.length <= maxWordChars && failureTexts.has(text.trim().toUpperCase());
}
