import type { FailureSignal } from '@prodsentinel/contracts';

/** OpenTelemetry's first number of each severity; 0 is unknown. */
export const severityNumbers = {
  unknown: 0,
  trace: 1,
  debug: 5,
  info: 9,
  warn: 13,
  error: 17,
  fatal: 21,
} as const;

/** What a level as loggers write it means. */
export interface Level {
  readonly severityNumber: number;
  readonly severityText: string;
}

/**
 * Reads a level: a word of the trace, debug, info, warn, error and fatal families, OpenTelemetry's `ERROR2`, or pino's
 * number (10 trace … 60 fatal, in between as the one below). What it does not know keeps its text and has number 0.
 */
export function readLevel(value: unknown): Level | undefined {
  if (typeof value === 'number') return readPinoLevel(value);
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const text = value.trim();
  if (/^\d{1,3}$/.test(text)) return readPinoLevel(Number(text));
  return { severityNumber: severityNumberOf(text), severityText: text };
}

/** The OpenTelemetry number of a severity's text; 0 when it is not known. */
export function severityNumberOf(text: string): number {
  const match = /^([a-z]+)([1-4])?$/.exec(text.trim().toLowerCase());
  const first = match ? families.get(match[1]!) : undefined;
  return first === undefined ? severityNumbers.unknown : first + Number(match?.[2] ?? 1) - 1;
}

/** Whether a signal is passed on: an exception or failed span always, an unknown severity too, else from the minimum on. */
export function isPassedOn(signal: FailureSignal, minSeverityNumber: number): boolean {
  return (
    signal.exception !== null ||
    signal.span?.status === 'error' ||
    signal.severityNumber === severityNumbers.unknown ||
    signal.severityNumber >= minSeverityNumber
  );
}

function readPinoLevel(level: number): Level {
  const name = pinoNames[Math.floor(level / 10) - 1] ?? (level >= 60 ? 'fatal' : undefined);
  return name
    ? { severityNumber: severityNumbers[name], severityText: name }
    : { severityNumber: severityNumbers.unknown, severityText: String(level) };
}

const pinoNames = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

const families = new Map<string, number>([
  ...['trace', 'finest', 'verbose', 'silly'].map((word) => [word, severityNumbers.trace] as const),
  ...['debug', 'fine', 'finer'].map((word) => [word, severityNumbers.debug] as const),
  ...['info', 'information', 'informational', 'notice', 'log'].map(
    (word) => [word, severityNumbers.info] as const,
  ),
  ...['warn', 'warning'].map((word) => [word, severityNumbers.warn] as const),
  ...['error', 'err', 'severe', 'failure'].map((word) => [word, severityNumbers.error] as const),
  ...['fatal', 'critical', 'crit', 'alert', 'emerg', 'emergency', 'panic'].map(
    (word) => [word, severityNumbers.fatal] as const,
  ),
]);
