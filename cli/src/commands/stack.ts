import { join } from 'node:path';
import { Command } from 'commander';
import { startStack, stackVariables } from '@prodsentinel/local-stack';
import type { ConsoleContext } from '../console-context.ts';
import { runMigrateUp } from './migrate.ts';
import { defaultSetup, runSetup } from './setup.ts';

const keptDirectory = join(import.meta.dirname, '..', '..', '..', '.prodsentinel', 'stack');

/** `prodsentinel stack up` */
export function stackCommand(context: ConsoleContext): Command {
  return new Command('stack')
    .description('Servers on this machine, to develop and try things with')
    .addCommand(
      new Command('up')
        .description(
          'Start Kafka, a schema registry, Redis and PostgreSQL, set them up and migrate; print the variables that ' +
            'lead there; run until Ctrl-C. Data is kept in .prodsentinel/stack',
        )
        .addHelpText(
          'after',
          `
Example:
  $ npm run prodsentinel -- stack up
  and in another terminal, with the lines it printed:
  $ export DATABASE_URL=…
  $ npm run prodsentinel -- incidents list`,
        )
        .action(() => runStackUp(context)),
    );
}

async function runStackUp(context: ConsoleContext): Promise<void> {
  const { out, say, signal } = context;
  const stack = await startStack({
    source: 'processes',
    data: { kind: 'kept', directory: keptDirectory },
    onProgress: say,
    signal,
  });
  try {
    // What set-up and migration did is progress here: the data of this command are the variables.
    const setupContext = { env: { ...context.env, ...stack.env }, out: say, say };
    await runSetup(defaultSetup, setupContext);
    await runMigrateUp(setupContext);
    for (const name of stackVariables) out(`export ${name}=${quoted(stack.env[name])}`);
    say('the stack is up; Ctrl-C stops it and keeps its data');
    await untilAborted(signal);
    say('stopping the stack …');
  } finally {
    await stack.stop();
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Safe in a shell, whatever a password holds. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
