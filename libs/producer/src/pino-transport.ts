import { Writable } from 'node:stream';
import { createPinoStream, createReporter, type Reporter, type ReporterOptions } from './index.ts';

export interface PinoTransportOptions extends Omit<ReporterOptions, 'onProblem'> {
  /** Milliseconds that the end of the process waits for what is queued; default 3,000, pino itself waits 10,000. */
  readonly closeDeadlineMs?: number;
}

/**
 * A target for `pino.transport`: what `createPinoStream` does, in a thread of its own.
 *
 * @throws TypeError when a setting cannot be used; pino passes it on as an `error` event of the transport
 */
export default function createPinoTransport(options: PinoTransportOptions): Writable {
  const { closeDeadlineMs = 3_000, ...reporterOptions } = options;
  const reporter = createReporter(reporterOptions);
  const stream = createPinoStream(reporter);
  let rest = '';
  return new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      // What arrives is cut anywhere, not at the ends of lines.
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop()!;
      for (const line of lines) if (line !== '') stream.write(line);
      done();
    },
    final(done) {
      void closeThen(reporter, closeDeadlineMs, done);
    },
  });
}

/** Cannot reject: a reporter's `close` does not. */
async function closeThen(reporter: Reporter, deadlineMs: number, done: () => void): Promise<void> {
  await reporter.close(deadlineMs);
  done();
}
