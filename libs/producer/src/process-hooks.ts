import { spawnSync } from 'node:child_process';
import { extname, join } from 'node:path';
import type { Reporter } from './reporter.ts';

export interface ProcessHooksOptions {
  /** Milliseconds that a crashing process waits for its last report to be sent; default 3,000. */
  readonly crashDeadlineMs?: number;
  /** Milliseconds that a process with nothing left to do waits for what is queued; default 5,000. */
  readonly exitDeadlineMs?: number;
}

/**
 * Reports uncaught exceptions and unhandled rejections, and flushes when the process has nothing left to do. What Node
 * does with them stays as it is: it is only watched (`uncaughtExceptionMonitor`). As a crash leaves no time to send
 * anything, a second Node process sends the last report, and everything queued, before Node goes on crashing.
 *
 * Rejections that Node does not turn into a crash (an own `unhandledRejection` listener, `--unhandled-rejections=warn`) are
 * not seen: report those yourself.
 *
 * @returns takes the hooks away again
 */
export function installProcessHooks(reporter: Reporter, options: ProcessHooksOptions = {}): () => void {
  const { crashDeadlineMs = 3_000, exitDeadlineMs = 5_000 } = options;
  const onUncaught = (error: unknown, origin: NodeJS.UncaughtExceptionOrigin) => {
    reporter.reportCrash(error, { severityNumber: 21, attributes: { 'exception.origin': origin } });
    // With a listener of the application's own the process may live on, and nothing may hold it up.
    if (process.listenerCount('uncaughtException') === 0) trySendBeforeCrash(reporter, crashDeadlineMs);
  };
  const onBeforeExit = () => void reporter.flush(exitDeadlineMs);
  process.on('uncaughtExceptionMonitor', onUncaught);
  process.once('beforeExit', onBeforeExit);
  return () => {
    process.off('uncaughtExceptionMonitor', onUncaught);
    process.off('beforeExit', onBeforeExit);
  };
}

/** What is thrown while Node crashes would be shown in place of what it crashes with. */
function trySendBeforeCrash(reporter: Reporter, deadlineMs: number): void {
  try {
    sendBeforeCrash(reporter, deadlineMs);
  } catch (error) {
    // Such as child processes being forbidden (`--permission`), or ingest being away.
    reporter.tell(() => `the last report could not be sent: ${String(error)}`);
  }
}

/** Beside this module: in the sources as TypeScript, in the package as JavaScript. */
const lastWords = join(import.meta.dirname, `send-before-crash${extname(import.meta.filename)}`);

function sendBeforeCrash(reporter: Reporter, deadlineMs: number): void {
  const { onProblem: _, ...options } = reporter.options;
  // Without the host's NODE_OPTIONS: a debugger or a preload has no business in it.
  const { error, status } = spawnSync(process.execPath, [lastWords], {
    input: JSON.stringify({ options, records: reporter.unsettled(), deadlineMs }),
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['pipe', 'ignore', 'ignore'],
    // The deadline is kept by the program itself; this is for one that does not even start.
    timeout: deadlineMs + 5_000,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`not acknowledged within ${deadlineMs} ms`);
}
