import type { ReporterOptions } from './options.ts';
import { Reporter } from './reporter.ts';

/**
 * Begins to report. Opens nothing before there is something to send.
 *
 * @throws TypeError when a setting cannot be used; nothing throws after that
 */
export function createReporter(options: ReporterOptions): Reporter {
  return new Reporter(options);
}

export { createPinoStream, type PinoStream } from './pino-stream.ts';
export { installProcessHooks, type ProcessHooksOptions } from './process-hooks.ts';
export type { ReporterOptions } from './options.ts';
export type { Reporter, ReporterStats } from './reporter.ts';
export type { ReportContext } from './to-record.ts';
