import type { EventEmitter } from 'node:events';
import { exitCodes } from '@prodsentinel/kernel';

/** The part of a process that asks it to stop. */
export interface StopSources {
  readonly signals: Pick<EventEmitter, 'on'>;
  /** Where output goes: when its reader goes away, nobody is left to work for. */
  readonly outputs: readonly Pick<EventEmitter, 'on'>[];
  readonly exit: (code: number) => void;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

export interface StopOptions {
  readonly say: (line: string) => void;
  /** What must still happen, synchronously, when a second request ends the process at once. */
  readonly beforeForcedExit?: () => void;
  /** Default: this process. */
  readonly sources?: StopSources;
}

/**
 * One Ctrl-C may arrive more than once: from the terminal, and passed on by whoever started us. Nobody presses it twice
 * this fast.
 */
const sameRequestMs = 400;

/**
 * A signal that aborts on Ctrl-C, SIGTERM, SIGHUP or when whoever reads the output has gone. The first request lets what
 * runs end in order; a second Ctrl-C or SIGTERM exits at once with code 1.
 */
export function listenForStop({ say, beforeForcedExit, sources = thisProcess() }: StopOptions): AbortSignal {
  const stopping = new AbortController();
  let requestedAtMs = 0;
  const request = () => {
    if (!stopping.signal.aborted) requestedAtMs = sources.now();
    stopping.abort();
  };
  const insist = () => {
    if (!stopping.signal.aborted || sources.now() - requestedAtMs < sameRequestMs) return request();
    say('stopping at once');
    beforeForcedExit?.();
    sources.exit(exitCodes.failed);
  };
  sources.signals.on('SIGINT', insist);
  sources.signals.on('SIGTERM', insist);
  sources.signals.on('SIGHUP', request);
  for (const each of sources.outputs) each.on('error', request);
  return stopping.signal;
}

function thisProcess(): StopSources {
  return {
    signals: process,
    outputs: [process.stdout, process.stderr],
    exit: (code) => process.exit(code),
    now: () => performance.now(),
  };
}
