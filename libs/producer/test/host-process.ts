import { createReporter, installProcessHooks } from '../src/index.ts';

// An application that ends in the way its first argument says.
const [, , way, url, deadline] = process.argv;
const deadlineMs = Number(deadline);
const reporter = createReporter({ url: url!, service: 'host', lingerMs: 60_000, requestTimeoutMs: 60_000 });
installProcessHooks(reporter, { crashDeadlineMs: deadlineMs, exitDeadlineMs: deadlineMs });
reporter.report(new Error('before'));
if (way === 'throw') throw new Error('uncaught');
if (way === 'reject') void Promise.reject(new Error('unhandled'));
if (way === 'handle') process.on('uncaughtException', () => (process.exitCode = 7));
if (way === 'handle')
  setImmediate(
    () =>
      void (() => {
        throw new Error('handled');
      })(),
  );
