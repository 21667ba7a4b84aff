import { once } from 'node:events';
import { createReporter, installProcessHooks } from '../src/index.ts';

/** What a host is told by its first argument. */
export interface HostOrders {
  readonly way: keyof typeof ways;
  /** Of ingest; without one the library is not used at all. */
  readonly url?: string;
  /** Of the library's own waiting at crash and end. */
  readonly deadlineMs: number;
  /** So long that only a crash or the end sends, or so short that everything is in flight when it comes. */
  readonly lingerMs: number;
  /** Ends when a line arrives on standard input, else at once. */
  readonly waits?: boolean;
}

// An application that ends in the way it is told.
const { way, url, deadlineMs, lingerMs, waits } = JSON.parse(process.argv[2]!) as HostOrders;
const reporter =
  url === undefined
    ? undefined
    : createReporter({
        url,
        service: 'host',
        lingerMs,
        requestTimeoutMs: 600_000,
        connectTimeoutMs: 200,
        onProblem: careless,
      });
if (reporter) installProcessHooks(reporter, { crashDeadlineMs: deadlineMs, exitDeadlineMs: deadlineMs });
const ways = {
  throw() {
    throw new Error('uncaught');
  },
  throwNothing() {
    throw undefined;
  },
  reject() {
    void Promise.reject(new Error('unhandled'));
  },
  handle() {
    process.on('uncaughtException', () => (process.exitCode = 7));
    setImmediate(() => ways.throw());
  },
  exit() {
    process.exit(3);
  },
  signal() {
    process.kill(process.pid, 'SIGTERM');
    // Until the signal arrives.
    setInterval(() => {}, 1_000);
  },
  end() {},
};
reporter?.report(new Error('before'));
if (waits) {
  await once(process.stdin, 'data');
  process.stdin.destroy();
}
ways[way]();

/** A handler that rejects. */
function careless(): void {
  return Promise.reject(new Error('from onProblem')) as unknown as void;
}
