import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';

export type { Logger } from 'pino';

export interface LoggerSettings {
  readonly LOG_LEVEL: string;
  readonly LOG_FORMAT: 'auto' | 'json' | 'pretty';
}

/**
 * The root logger of a process: JSON lines on standard output, readable on a terminal. Names that hold secrets are
 * replaced wherever they stand at the first two levels.
 */
export function createLogger(name: string, settings: LoggerSettings): Logger {
  const options = {
    name,
    level: settings.LOG_LEVEL,
    redact: { paths: secretNames.flatMap((each) => [each, `*.${each}`]), censor: '[secret]' },
  };
  const isPretty =
    settings.LOG_FORMAT === 'pretty' || (settings.LOG_FORMAT === 'auto' && process.stdout.isTTY);
  return isPretty ? pino(options, pretty({ sync: true, ignore: 'pid,hostname' })) : pino(options);
}

const secretNames = ['password', 'apiKey', 'authorization', 'token', 'secret'];
