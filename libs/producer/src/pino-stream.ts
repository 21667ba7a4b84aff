import type { Reporter } from './reporter.ts';

/** What pino writes to. */
export interface PinoStream {
  write(line: string): void;
}

const quietLabels = new Set(['trace', 'debug', 'info']);

/**
 * A destination for `pino.multistream`: passes entries of WARN and above to the reporter, the rest is left to pino's other
 * streams. Never throws; a line that is no JSON object is reported as its text.
 */
export function createPinoStream(reporter: Reporter): PinoStream {
  return {
    write(line) {
      const entry = parse(line);
      if (!isQuiet(entry['level'])) reporter.reportLogEntry(entry);
    },
  };
}

function parse(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // Falls through: someone writes plain text to this stream.
  }
  return { message: line.trimEnd() };
}

/** pino's levels: 30 is info, 40 is warn; a label where the application formats levels so. */
function isQuiet(level: unknown): boolean {
  return typeof level === 'number'
    ? level < 40
    : typeof level === 'string' && quietLabels.has(level.toLowerCase());
}
