// The process of a guard. It is started detached, so that a terminal's Ctrl-C does not reach it, and lives as long as
// the channel to its parent: when that ends, by whatever death, it cleans up.
import { inspect } from 'node:util';
import { describeError, isAppError, exitCodes } from '@prodsentinel/kernel';
import { ContainerGuard } from './containers/container-guard.ts';
import { Guard } from './guard.ts';
import type { GuardMessage, ParentMessage, ToldError } from './guard-protocol.ts';

let guard: Guard | ContainerGuard | undefined;
let isEnding = false;
const guards = { docker: ContainerGuard, processes: Guard } as const;

process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
process.on('SIGTERM', () => void end());
process.on('disconnect', () => void end());
process.on('uncaughtException', (error) => fail(error));
process.on('unhandledRejection', (error) => fail(error));
process.on('message', (message) => receive(message as ParentMessage));

function receive(message: ParentMessage): void {
  switch (message.type) {
    case 'start':
      if (isEnding) return;
      guard = new guards[message.options.source](message.options, process.env, tell);
      guard.start().catch(fail);
      return;
    case 'stop':
      void end();
      return;
    case 'command': {
      const { call, server, command } = message;
      const done = guard?.command(server, command) ?? Promise.resolve();
      done.then(
        () => tell({ type: 'answer', call }),
        (error: unknown) => tell({ type: 'answer', call, error: toTold(error) }),
      );
    }
  }
}

function fail(error: unknown): void {
  log(error);
  tell({ type: 'failed', error: toTold(error) });
  void end();
}

async function end(): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  try {
    await guard?.stop();
    process.exit(exitCodes.ok);
  } catch (error) {
    // The parent, or the next start, sees the state file and tries again.
    log(error);
    process.exit(exitCodes.failed);
  }
}

/** Standard error is the guard's log file. */
function log(error: unknown): void {
  process.stderr.write(`${inspect(error)}\n`);
}

function tell(message: GuardMessage): void {
  // Without a channel there is nobody to tell, and its end has already begun ours.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

function toTold(error: unknown): ToldError {
  return { code: isAppError(error) ? error.code : 'bug', message: messageOf(error) };
}

/** The whole sentence of ours, with what lies behind it. */
function messageOf(error: unknown): string {
  if (!isAppError(error)) return describeError(error);
  return error.cause === undefined
    ? error.message
    : `${error.message}, because ${describeError(error.cause)}`;
}
