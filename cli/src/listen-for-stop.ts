import { exitCodes } from '@prodsentinel/kernel';

export interface StopOptions {
  readonly say: (line: string) => void;
  /** What must still happen, synchronously, when a second request ends the process at once. */
  readonly beforeForcedExit?: () => void;
}

/**
 * A signal that aborts on Ctrl-C, SIGTERM or SIGHUP. The first request lets what runs end in order, the second exits at
 * once with code 1.
 */
export function listenForStop({ say, beforeForcedExit }: StopOptions): AbortSignal {
  const stopping = new AbortController();
  const request = () => {
    if (stopping.signal.aborted) {
      say('stopping at once');
      beforeForcedExit?.();
      process.exit(exitCodes.failed);
    }
    stopping.abort();
  };
  for (const each of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(each, request);
  return stopping.signal;
}
