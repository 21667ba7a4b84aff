import { json } from 'node:stream/consumers';
import { Reporter } from './reporter.ts';
import type { ResolvedOptions } from './options.ts';

interface LastWords {
  readonly options: ResolvedOptions;
  readonly records: readonly string[];
  readonly deadlineMs: number;
}

// The program that a crashing process waits for: sends what it could not send any more.
const { options, records, deadlineMs } = (await json(process.stdin)) as LastWords;
const reporter = new Reporter(options);
reporter.adopt(records);
process.exitCode = (await reporter.close(deadlineMs)) ? 0 : 1;
