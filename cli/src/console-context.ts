import type { MessagingLogger } from '@prodsentinel/messaging';

/** Where a command reads from and speaks to; tests give their own. */
export interface ConsoleContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Data: what a script would read. */
  readonly out: (line: string) => void;
  /** Messages: progress, warnings, errors. */
  readonly say: (line: string) => void;
  /** Columns to draw for. */
  readonly columns: number;
  readonly isColourful: boolean;
  /** Aborts when the user asks to stop. */
  readonly signal: AbortSignal;
}

/** Narrower than this a table is unreadable, however narrow the terminal says it is. */
const minimumColumns = 80;
/** When the output is a file or a pipe. */
const defaultColumns = 100;

/** The console of this process: colours only on a terminal, and never against NO_COLOR (https://no-color.org). */
export function createConsoleContext(env: ConsoleContext['env'], signal: AbortSignal): ConsoleContext {
  const { stdout, stderr } = process;
  return {
    env,
    out: (line) => stdout.write(`${line}\n`),
    say: (line) => stderr.write(`${line}\n`),
    columns: Math.max(minimumColumns, stdout.isTTY ? stdout.columns : defaultColumns),
    isColourful: stdout.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
    signal,
  };
}

/** What the Kafka library has to say, on the console: warnings once each, the rest not at all. */
export function toMessagingLogger(say: (line: string) => void): MessagingLogger {
  const said = new Set<string>();
  const warn = (_fields: object, message: string) => {
    if (said.has(message) || said.size >= maxDistinctWarnings) return;
    said.add(message);
    say(`kafka: ${message}`);
  };
  return { debug: ignore, info: ignore, warn, error: warn };
}

function ignore(): void {}

const maxDistinctWarnings = 50;
