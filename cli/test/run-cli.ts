import { createCli } from '../src/cli.ts';
import type { ConsoleContext } from '../src/console-context.ts';
import { runProgram } from '../src/run-program.ts';

/** A console that keeps what is written to it, and aborts with the signal. */
export function createTestConsole(env: ConsoleContext['env'], signal = new AbortController().signal) {
  const data: string[] = [];
  const messages: string[] = [];
  const context: ConsoleContext = {
    env,
    out: (line) => data.push(line),
    say: (line) => messages.push(line),
    columns: 100,
    isColourful: false,
    signal,
  };
  return { context, data, messages };
}

/** Runs `prodsentinel` with these arguments, in this process. */
export async function runCli(args: readonly string[], env: ConsoleContext['env'], signal?: AbortSignal) {
  const { context, data, messages } = createTestConsole(env, signal);
  const code = await runProgram(createCli(context), args, context);
  return { code, data, messages: messages.join('\n') };
}
